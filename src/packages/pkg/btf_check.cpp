// SPDX-License-Identifier: BSD-2-Clause
// BTF: the types of an object.
#include <fmt/format.h>
#include <linux/btf.h>

#include <vector>

#include "bpfkit/btf_layout.h"
#include "pkg/object_check.h"
#include "pkg/raw_bytes.h"

namespace rqs::pkg {
namespace {

/// One BTF type: where its record lies and which types it refers to.
struct BtfEntry {
    std::uint32_t kind = 0;
    std::vector<std::uint32_t> contains;  ///< by value or by another name: must not come round
    std::vector<std::uint32_t> refers;    ///< behind a pointer or a prototype
};

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
            const auto extra =
                bpfkit::btf_tail_bytes(BTF_INFO_KIND(type.info), BTF_INFO_VLEN(type.info));
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

}  // namespace

Status check_btf(std::string_view raw) {
    return BtfChecker(raw).run();
}

}  // namespace rqs::pkg
