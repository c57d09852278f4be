// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/object_check.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "pkg/limits.h"
#include "pkg/raw_bytes.h"

namespace rqs::pkg {
namespace {

class ElfChecker {
  public:
    explicit ElfChecker(std::string_view file) : file_(file) {}

    Status run() {
        if (!read_header() || !read_sections() || !check_tables()) {
            return fail("its object is not a sound ELF file: " + problem_);
        }
        const std::string_view btf = find(".BTF");
        return btf.empty() ? Status{} : check_btf(btf);
    }

    /// Only after run() was fine.
    std::string_view find(std::string_view name) const {
        for (const auto& section : sections_) {
            if (section.sh_type != SHT_NOBITS &&
                string_at(names_, section.sh_name) == std::optional<std::string_view>(name)) {
                return content(section);
            }
        }
        return {};
    }

    bool read_header() {
        if (file_.size() < sizeof(Elf64_Ehdr) || std::memcmp(file_.data(), ELFMAG, SELFMAG) != 0) {
            return complain("no ELF header");
        }
        header_ = read_at<Elf64_Ehdr>(file_, 0);
        constexpr auto order =
            std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
        if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != order) {
            return complain("not 64 bits wide or of another byte order");
        }
        // Old LLVM left e_machine at EM_NONE (0); libbpf takes that too.
        if (header_.e_type != ET_REL || (header_.e_machine != EM_BPF && header_.e_machine != 0)) {
            return complain("not a relocatable BPF object");
        }
        return true;
    }

    // No section count means 65,280 sections or more, counted elsewhere (gABI, "e_shnum"): no
    // compiler makes a BPF program of so many.
    bool read_sections() {
        if (header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shnum == 0 ||
            !within(header_.e_shoff, header_.e_shnum * sizeof(Elf64_Shdr), file_.size())) {
            return complain("its section table is missing or cut short");
        }
        for (std::size_t i = 0; i < header_.e_shnum; ++i) {
            sections_.push_back(
                read_at<Elf64_Shdr>(file_, header_.e_shoff + i * sizeof(Elf64_Shdr)));
            const Elf64_Shdr& section = sections_.back();
            if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
                !within(section.sh_offset, section.sh_size, file_.size())) {
                return complain(fmt::format("section {} is cut short", i));
            }
            // .bss and the like have a size and no bytes in the file; libbpf makes a map that
            // large.
            if (section.sh_size > limits::object_bytes) {
                return complain(fmt::format("section {} is too large", i));
            }
        }
        return read_names();
    }

  private:
    bool complain(std::string problem) {
        problem_ = std::move(problem);
        return false;
    }

    bool read_names() {
        if (header_.e_shstrndx >= sections_.size() ||
            sections_[header_.e_shstrndx].sh_type != SHT_STRTAB) {
            return complain("it has no section names");
        }
        names_ = content(sections_[header_.e_shstrndx]);
        if (!zero_terminated(names_)) {
            return complain("its section names do not end");
        }
        for (const auto& section : sections_) {
            if (section.sh_name >= names_.size()) {
                return complain("a section's name lies outside");
            }
        }
        return true;
    }

    [[nodiscard]] std::string_view content(const Elf64_Shdr& section) const {
        return section.sh_type == SHT_NULL ? std::string_view{}
                                           : file_.substr(section.sh_offset, section.sh_size);
    }

    /// Relocations name symbols by their index in the one symbol table.
    bool check_tables() {
        std::size_t symbol_tables = 0;
        for (const auto& section : sections_) {
            if (section.sh_type == SHT_STRTAB && !zero_terminated(content(section))) {
                return complain("a string table does not end");
            }
            if (section.sh_type == SHT_SYMTAB && (++symbol_tables > 1 || !check_symbols(section))) {
                return complain(problem_.empty() ? "it has two symbol tables" : problem_);
            }
        }
        if (symbol_tables == 0) {
            return complain("it has no symbols");
        }
        return std::all_of(sections_.begin(), sections_.end(), [this](const Elf64_Shdr& section) {
            return section.sh_type != SHT_REL || check_relocations(section);
        });
    }

    bool check_symbols(const Elf64_Shdr& table) {
        if (table.sh_entsize != sizeof(Elf64_Sym) || table.sh_size % sizeof(Elf64_Sym) != 0 ||
            table.sh_link >= sections_.size() || sections_[table.sh_link].sh_type != SHT_STRTAB) {
            return complain("its symbol table is damaged");
        }
        const std::string_view strings = content(sections_[table.sh_link]);
        const std::string_view symbols = content(table);
        symbol_count_ = symbols.size() / sizeof(Elf64_Sym);
        for (std::size_t i = 0; i < symbol_count_; ++i) {
            const auto symbol = read_at<Elf64_Sym>(symbols, i * sizeof(Elf64_Sym));
            if (symbol.st_name >= strings.size() || !check_place(symbol)) {
                return complain(fmt::format("symbol {} lies outside", i));
            }
        }
        return true;
    }

    [[nodiscard]] bool check_place(const Elf64_Sym& symbol) const {
        // Not in a section: external (kconfig, ksyms), absolute, a file's name.
        if (symbol.st_shndx >= SHN_LORESERVE || symbol.st_shndx == SHN_UNDEF) {
            return true;
        }
        if (symbol.st_shndx >= sections_.size()) {
            return false;
        }
        return within(symbol.st_value, symbol.st_size, sections_[symbol.st_shndx].sh_size);
    }

    bool check_relocations(const Elf64_Shdr& table) {
        if (table.sh_entsize != sizeof(Elf64_Rel) || table.sh_size % sizeof(Elf64_Rel) != 0 ||
            table.sh_info >= sections_.size() || table.sh_link >= sections_.size()) {
            return complain("a relocation table is damaged");
        }
        const std::uint64_t target_size = sections_[table.sh_info].sh_size;
        const std::string_view entries = content(table);
        for (std::size_t i = 0; i < entries.size() / sizeof(Elf64_Rel); ++i) {
            const auto entry = read_at<Elf64_Rel>(entries, i * sizeof(Elf64_Rel));
            if (ELF64_R_SYM(entry.r_info) >= symbol_count_ || entry.r_offset >= target_size) {
                return complain("a relocation lies outside");
            }
        }
        return true;
    }

    std::string_view file_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Shdr> sections_;
    std::string_view names_;
    std::size_t symbol_count_ = 0;
    std::string problem_;
};

std::string_view as_text(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Status check_object(const Bytes& object) {
    return ElfChecker(as_text(object)).run();
}

std::string_view section_content(const Bytes& object, std::string_view name) {
    ElfChecker elf(as_text(object));
    return elf.read_header() && elf.read_sections() ? elf.find(name) : std::string_view{};
}

}  // namespace rqs::pkg
