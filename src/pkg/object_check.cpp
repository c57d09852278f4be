// SPDX-License-Identifier: BSD-2-Clause
#include "pkg/object_check.h"

#include <elf.h>
#include <fmt/format.h>
#include <linux/btf.h>

#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "pkg/limits.h"

namespace rqs::pkg {
namespace {

/// Copies a T out of `bytes` at `offset`, which must lie within; no alignment is assumed.
template <typename T>
T read_at(std::string_view bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

bool within(std::uint64_t offset, std::uint64_t size, std::uint64_t total) {
    return offset <= total && size <= total - offset;
}

/// The string at `offset` of a table that ends with a zero byte; nothing if it lies outside.
std::optional<std::string_view> string_at(std::string_view table, std::uint64_t offset) {
    if (offset >= table.size()) {
        return std::nullopt;
    }
    const std::string_view rest = table.substr(offset);
    return rest.substr(0, rest.find('\0'));
}

bool zero_terminated(std::string_view table) {
    return !table.empty() && table.back() == '\0';
}

// ---------------------------------------------------------------------------------------- BTF

/// One BTF type: where its record lies and which types it refers to.
struct BtfEntry {
    std::uint32_t kind = 0;
    std::vector<std::uint32_t> contains;  ///< by value or by another name: must not come round
    std::vector<std::uint32_t> refers;    ///< behind a pointer or a prototype
};

/// The bytes that follow a type's common part, or nothing for an unknown kind.
std::optional<std::size_t> extra_bytes(std::uint32_t kind, std::size_t vlen) {
    switch (kind) {
        case BTF_KIND_INT:
        case BTF_KIND_VAR:
        case BTF_KIND_DECL_TAG:
            return sizeof(std::uint32_t);
        case BTF_KIND_ARRAY:
            return sizeof(btf_array);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
            return vlen * sizeof(btf_member);
        case BTF_KIND_ENUM:
            return vlen * sizeof(btf_enum);
        case BTF_KIND_ENUM64:
            return vlen * 12;
        case BTF_KIND_FUNC_PROTO:
            return vlen * sizeof(btf_param);
        case BTF_KIND_DATASEC:
            return vlen * sizeof(btf_var_secinfo);
        case BTF_KIND_PTR:
        case BTF_KIND_FWD:
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_CONST:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_FUNC:
        case BTF_KIND_FLOAT:
        case BTF_KIND_TYPE_TAG:
            return 0;
        default:
            return std::nullopt;
    }
}

class BtfChecker {
  public:
    explicit BtfChecker(std::string_view raw) : raw_(raw) {}

    Status run() {
        if (!read_header() || !read_types()) {
            return fail("its BTF is damaged: " + problem_);
        }
        return check_references();
    }

  private:
    bool complain(std::string problem) {
        problem_ = std::move(problem);
        return false;
    }

    bool read_header() {
        if (raw_.size() < sizeof(btf_header)) {
            return complain("too short");
        }
        const auto header = read_at<btf_header>(raw_, 0);
        if (header.magic != BTF_MAGIC || header.version != BTF_VERSION ||
            header.hdr_len < sizeof(btf_header) || header.hdr_len > raw_.size()) {
            return complain("bad header");
        }
        const std::string_view body = raw_.substr(header.hdr_len);
        if (!within(header.type_off, header.type_len, body.size()) ||
            !within(header.str_off, header.str_len, body.size())) {
            return complain("tables lie outside the section");
        }
        types_ = body.substr(header.type_off, header.type_len);
        strings_ = body.substr(header.str_off, header.str_len);
        if (!zero_terminated(strings_) || strings_.front() != '\0') {
            return complain("bad string table");
        }
        return true;
    }

    bool read_types() {
        entries_.emplace_back();  // type 0 is void
        std::size_t offset = 0;
        while (offset < types_.size()) {
            if (!within(offset, sizeof(btf_type), types_.size())) {
                return complain("a type is cut short");
            }
            const auto type = read_at<btf_type>(types_, offset);
            offset += sizeof(btf_type);
            const auto extra = extra_bytes(BTF_INFO_KIND(type.info), BTF_INFO_VLEN(type.info));
            if (!extra || !within(offset, *extra, types_.size())) {
                return complain(fmt::format("type {} is unknown or cut short", entries_.size()));
            }
            if (!read_type(type, types_.substr(offset, *extra))) {
                return false;
            }
            offset += *extra;
        }
        return true;
    }

    bool read_type(const btf_type& type, std::string_view extra) {
        BtfEntry entry;
        entry.kind = BTF_INFO_KIND(type.info);
        if (!check_name(type.name_off)) {
            return false;
        }
        switch (entry.kind) {
            case BTF_KIND_PTR:
            case BTF_KIND_FUNC:
                entry.refers.push_back(type.type);
                break;
            case BTF_KIND_VAR:
            case BTF_KIND_DECL_TAG:
            case BTF_KIND_TYPEDEF:
            case BTF_KIND_VOLATILE:
            case BTF_KIND_CONST:
            case BTF_KIND_RESTRICT:
            case BTF_KIND_TYPE_TAG:
                entry.contains.push_back(type.type);
                break;
            case BTF_KIND_INT:
                if (!check_int(type, read_at<std::uint32_t>(extra, 0))) {
                    return false;
                }
                break;
            case BTF_KIND_ARRAY: {
                const auto array = read_at<btf_array>(extra, 0);
                entry.contains.push_back(array.type);
                entry.refers.push_back(array.index_type);
                break;
            }
            case BTF_KIND_FUNC_PROTO:
                entry.refers.push_back(type.type);
                break;
            default:
                break;
        }
        if (!read_parts(type, extra, entry)) {
            return false;
        }
        entries_.push_back(std::move(entry));
        return true;
    }

    bool check_int(const btf_type& type, std::uint32_t encoding) {
        const std::uint32_t bits = BTF_INT_BITS(encoding);
        const bool sound = (type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8 ||
                            type.size == 16) &&
                           bits != 0 && bits + BTF_INT_OFFSET(encoding) <= type.size * 8;
        return sound || complain(fmt::format("integer {} lies about its size", entries_.size()));
    }

    /// Members, enumerators, parameters and section variables: all start with a name or a type.
    bool read_parts(const btf_type& type, std::string_view extra, BtfEntry& entry) {
        const std::size_t count = BTF_INFO_VLEN(type.info);
        for (std::size_t i = 0; i < count; ++i) {
            switch (entry.kind) {
                case BTF_KIND_STRUCT:
                case BTF_KIND_UNION: {
                    const auto member = read_at<btf_member>(extra, i * sizeof(btf_member));
                    entry.contains.push_back(member.type);
                    if (!check_name(member.name_off)) {
                        return false;
                    }
                    break;
                }
                case BTF_KIND_ENUM:
                    if (!check_name(read_at<btf_enum>(extra, i * sizeof(btf_enum)).name_off)) {
                        return false;
                    }
                    break;
                case BTF_KIND_ENUM64:
                    if (!check_name(read_at<std::uint32_t>(extra, i * 12))) {
                        return false;
                    }
                    break;
                case BTF_KIND_FUNC_PROTO: {
                    const auto param = read_at<btf_param>(extra, i * sizeof(btf_param));
                    entry.refers.push_back(param.type);
                    if (!check_name(param.name_off)) {
                        return false;
                    }
                    break;
                }
                case BTF_KIND_DATASEC:
                    entry.contains.push_back(
                        read_at<btf_var_secinfo>(extra, i * sizeof(btf_var_secinfo)).type);
                    break;
                default:
                    return true;
            }
        }
        return true;
    }

    bool check_name(std::uint32_t offset) {
        return offset < strings_.size() ||
               complain(fmt::format("a name of type {} lies outside", entries_.size()));
    }

    Status check_references() {
        for (const auto& entry : entries_) {
            for (const auto* list : {&entry.contains, &entry.refers}) {
                for (const std::uint32_t id : *list) {
                    if (id >= entries_.size()) {
                        return fail(fmt::format(
                            "its BTF is damaged: it has no type {}, which others use", id));
                    }
                }
            }
        }
        std::vector<Mark> marks(entries_.size(), Mark::unseen);
        for (std::uint32_t id = 1; id < entries_.size(); ++id) {
            if (!acyclic(id, marks)) {
                return fail(fmt::format("its BTF is damaged: type {} contains itself", id));
            }
        }
        return {};
    }

    enum class Mark : std::uint8_t { unseen, open, done };

    /// The types that must be known before `id` is: for pointers only those without a struct in
    /// between, since libbpf follows these chains without looking back.
    [[nodiscard]] const std::vector<std::uint32_t>& edges(std::uint32_t id) const {
        const BtfEntry& entry = entries_[id];
        return entry.kind == BTF_KIND_PTR ? entry.refers : entry.contains;
    }

    [[nodiscard]] bool stops_search(std::uint32_t from, std::uint32_t to) const {
        const std::uint32_t kind = entries_[to].kind;
        return entries_[from].kind == BTF_KIND_PTR &&
               (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_FUNC_PROTO);
    }

    /// Depth-first without recursion: the author of a package chooses the depth.
    bool acyclic(std::uint32_t start, std::vector<Mark>& marks) const {
        struct Frame {
            std::uint32_t id;
            std::size_t next;
        };
        if (marks[start] != Mark::unseen) {
            return true;
        }
        std::vector<Frame> stack{{start, 0}};
        marks[start] = Mark::open;
        while (!stack.empty()) {
            Frame& frame = stack.back();
            const auto& out = edges(frame.id);
            if (frame.next == out.size()) {
                marks[frame.id] = Mark::done;
                stack.pop_back();
                continue;
            }
            const std::uint32_t next = out[frame.next++];
            if (stops_search(frame.id, next) || marks[next] == Mark::done) {
                continue;
            }
            if (marks[next] == Mark::open) {
                // A struct that holds a pointer that leads back through typedefs is ordinary C.
                if (passes_pointer(stack, next)) {
                    continue;
                }
                return false;
            }
            marks[next] = Mark::open;
            stack.push_back({next, 0});
        }
        return true;
    }

    /// Whether the open path from `target` to the top goes through both a struct and a pointer.
    template <typename Stack>
    [[nodiscard]] bool passes_pointer(const Stack& stack, std::uint32_t target) const {
        bool pointer = false;
        bool composite = false;
        for (auto it = stack.rbegin(); it != stack.rend(); ++it) {
            const std::uint32_t kind = entries_[it->id].kind;
            pointer = pointer || kind == BTF_KIND_PTR;
            composite = composite || kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
            if (it->id == target) {
                break;
            }
        }
        return pointer && composite;
    }

    std::string_view raw_;
    std::string_view types_;
    std::string_view strings_;
    std::vector<BtfEntry> entries_;
    std::string problem_;
};

// ---------------------------------------------------------------------------------------- ELF

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
        if (header_.e_type != ET_REL || (header_.e_machine != EM_BPF && header_.e_machine != 0)) {
            return complain("not a relocatable BPF object");
        }
        return true;
    }

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
        for (const auto& section : sections_) {
            if (section.sh_type == SHT_REL && !check_relocations(section)) {
                return false;
            }
        }
        return true;
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

Status check_btf(std::string_view raw) {
    return BtfChecker(raw).run();
}

std::string_view section_content(const Bytes& object, std::string_view name) {
    ElfChecker elf(as_text(object));
    return elf.read_header() && elf.read_sections() ? elf.find(name) : std::string_view{};
}

}  // namespace rqs::pkg
