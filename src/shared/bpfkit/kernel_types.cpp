// SPDX-License-Identifier: BSD-2-Clause
#include "bpfkit/kernel_types.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bpfkit/type_table.h"

namespace rqs::bpfkit {
namespace {

constexpr unsigned nesting_most = 16;

// Reads a file of known length; sysfs hands out a page at a time.
bool read_all(int fd, std::span<std::byte> into) {
    while (!into.empty()) {
        const ssize_t got = ::read(fd, into.data(), into.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        into = into.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

bool write_all(int fd, std::span<const std::byte> from) {
    while (!from.empty()) {
        const ssize_t put = ::write(fd, from.data(), from.size());
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        from = from.subspan(static_cast<std::size_t>(put));
    }
    return true;
}

// "task_struct" of "task_struct___old": what comes after three underscores tells flavours apart.
std::string_view without_flavour(std::string_view name) {
    return name.substr(0, name.find("___"));
}

std::string_view name_of(const btf& types, std::uint32_t offset) {
    const char* name = btf__name_by_offset(&types, offset);
    return name == nullptr ? std::string_view{} : std::string_view{name};
}

// What an object names: struct by struct, member by member; and enums, value by value.
using Members = std::unordered_set<std::string_view>;
using Wanted = std::unordered_map<std::string_view, Members>;

Wanted named_by(const btf& object) {
    Wanted wanted;
    for (std::uint32_t id = 1; id < btf__type_cnt(&object); ++id) {
        const btf_type* type = btf__type_by_id(&object, id);
        const auto name = without_flavour(name_of(object, type->name_off));
        if ((!btf_is_struct(type) && !btf_is_enum(type)) || name.empty()) {
            continue;
        }
        Members& members = wanted[name];
        for (unsigned i = 0; i < btf_vlen(type); ++i) {
            members.insert(name_of(object, btf_is_enum(type) ? btf_enum(type)[i].name_off
                                                             : btf_members(type)[i].name_off));
        }
    }
    return wanted;
}

// Copies structs into a BTF of their own, with the members that are wanted and all that lies
// between: structs without a name are looked through, pointers point to nothing.
class Copy {
  public:
    Copy(const TypeTable& all, const Wanted& wanted, btf* into)
        : all_(all), wanted_(wanted), into_(into) {}

    /// A struct or union with those members, once; its new id, or a negative errno.
    int composite(std::uint32_t id, const Members* members, unsigned depth = 0) {
        // Not yet: a struct that contains itself, which none can, is refused.
        const auto [done, first] = done_.try_emplace(id, -EINVAL);
        if (!first) {
            return done->second;
        }
        const btf_type& type = *all_.type(id);
        std::vector<Field> fields;
        for (unsigned i = 0; i < btf_vlen(&type) && depth < nesting_most; ++i) {
            const btf_member& member = btf_members(&type)[i];
            const auto name = all_.name(member.name_off);
            if (!name.empty() && (members == nullptr || !members->contains(name))) {
                continue;
            }
            const int copied = value(member.type, name.empty() ? members : nullptr, depth + 1);
            if (copied > 0) {
                fields.push_back({std::string{name}, copied, btf_member_bit_offset(&type, i),
                                  btf_member_bitfield_size(&type, i)});
            }
        }
        return done_[id] = add(type, fields);
    }

    /// An enum with the values that are wanted.
    int enumeration(std::uint32_t id, const Members& values) {
        const btf_type& type = *all_.type(id);
        const int copy =
            btf__add_enum(into_, std::string(all_.name(type.name_off)).c_str(), type.size);
        for (unsigned i = 0; copy > 0 && i < btf_vlen(&type); ++i) {
            const auto& each = btf_enum(&type)[i];
            const std::string name(all_.name(each.name_off));
            if (values.contains(name)) {
                (void)btf__add_enum_value(into_, name.c_str(), each.val);
            }
        }
        return copy;
    }

  private:
    struct Field {
        std::string name;
        int type;
        std::uint32_t bit_offset;
        std::uint32_t bit_size;
    };

    int add(const btf_type& type, const std::vector<Field>& fields) {
        const std::string name{all_.name(type.name_off)};
        const int id = btf_is_union(&type) ? btf__add_union(into_, name.c_str(), type.size)
                                           : btf__add_struct(into_, name.c_str(), type.size);
        if (id < 0) {
            return id;
        }
        for (const Field& field : fields) {
            // What libbpf does not take (a bit field of an odd kind) the object cannot read either.
            (void)btf__add_field(into_, field.name.c_str(), field.type, field.bit_offset,
                                 field.bit_size);
        }
        return id;
    }

    /// The type of a member; `through`: the members wanted of what has no name.
    int value(std::uint32_t id, const Members* through, unsigned depth) {
        id = all_.resolve(id);
        const btf_type* type = all_.type(id);
        if (type == nullptr || depth >= nesting_most) {
            return -EINVAL;
        }
        const std::string name{all_.name(type->name_off)};
        switch (btf_kind(type)) {
            case BTF_KIND_INT:
                return btf__add_int(into_, name.c_str(), type->size, btf_int_encoding(type));
            case BTF_KIND_PTR:
                return btf__add_ptr(into_, 0);
            case BTF_KIND_ENUM:
                return btf__add_enum(into_, name.c_str(), type->size);
            case BTF_KIND_ARRAY:
                return array(*btf_array(type), depth);
            case BTF_KIND_STRUCT:
            case BTF_KIND_UNION: {
                const auto known = wanted_.find(without_flavour(name));
                const bool named = !name.empty() && known != wanted_.end();
                return composite(id, named ? &known->second : through, depth);
            }
            default:
                return -EINVAL;
        }
    }

    int array(const struct btf_array& array, unsigned depth) {
        const int element = value(array.type, nullptr, depth + 1);
        const int index = btf__add_int(into_, "unsigned int", sizeof(unsigned), 0);
        return element > 0 && index > 0 ? btf__add_array(into_, index, element, array.nelems)
                                        : -EINVAL;
    }

    const TypeTable& all_;
    const Wanted& wanted_;
    btf* into_;
    std::unordered_map<std::uint32_t, int> done_;
};

// Which letters a name that is looked for may begin with: most names need not be read.
std::array<bool, 256> first_letters(const Wanted& wanted, std::span<const std::string> hooks) {
    std::array<bool, 256> letters{};
    for (const auto& [name, members] : wanted) {
        letters.at(static_cast<unsigned char>(name.front())) = true;
    }
    for (const std::string& hook : hooks) {  // never empty: see hook_of()
        letters.at(static_cast<unsigned char>(hook.front())) = true;
    }
    return letters;
}

/// "btf_trace_sched_switch" for a program in the section "tp_btf/sched_switch"; of "fexit/schedule"
/// the function itself.
std::string hook_of(std::string_view section) {
    const auto slash = section.find('/');
    const auto kind = section.substr(0, slash);
    const auto what =
        slash == std::string_view::npos ? std::string_view{} : section.substr(slash + 1);
    return fmt::format("{}{}",
                       kind == "iter"                     ? "bpf_iter_"
                       : kind == "fexit" && !what.empty() ? ""
                                                          : "btf_trace_",
                       what);
}

// libbpf's section handlers are the process's: this is what they work with during a load.
const KernelTypes* loading = nullptr;

// Libbpf reads all of the kernel's BTF for a program of the type TRACING. Ours have another type
// until this, the last moment before each is loaded, and the id that it would have searched for.
int become_tracing(bpf_program* program, bpf_prog_load_opts* options, long) {
    if (loading == nullptr) {
        return -EINVAL;
    }
    const auto hook = loading->hooks.find(hook_of(bpf_program__section_name(program)));
    if (hook == loading->hooks.end()) {
        return -ESRCH;
    }
    options->attach_btf_id = static_cast<__u32>(hook->second);
    return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

Status register_sections() {
    static const int registered = [] {
        LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = become_tracing);
        int last = 0;
        for (const auto& [section, attach] :
             {std::pair{"tp_btf/", BPF_TRACE_RAW_TP}, std::pair{"iter/", BPF_TRACE_ITER},
              std::pair{"fexit/", BPF_TRACE_FEXIT}}) {
            last = libbpf_register_prog_handler(section, BPF_PROG_TYPE_RAW_TRACEPOINT, attach,
                                                &options);
            if (last < 0) {
                break;
            }
        }
        return last;
    }();
    if (registered < 0) {
        return fail(fmt::format("cannot prepare the tracing program: {}", describe(registered)));
    }
    return {};
}

std::vector<std::string> hooks_of(const bpf_object* object) {
    std::vector<std::string> hooks;
    for (bpf_program* program = bpf_object__next_program(object, nullptr); program != nullptr;
         program = bpf_object__next_program(object, program)) {
        if (bpf_program__autoload(program)) {
            hooks.push_back(hook_of(bpf_program__section_name(program)));
        }
    }
    return hooks;
}

}  // namespace

Result<KernelBtf> KernelBtf::map() {
    const util::Fd file(::open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!file.valid() || ::fstat(file.get(), &info) != 0 || info.st_size <= 0) {
        return fail(
            "this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF; "
            "--source schedstat works without");
    }
    const auto length = static_cast<std::size_t>(info.st_size);
    // a539e2a6d51d "btf: Allow mmap of vmlinux btf", 6.16; before, a copy.
    void* memory = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.get(), 0);
    const bool mapped = memory != MAP_FAILED;
    if (!mapped) {
        memory =
            ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    if (memory == MAP_FAILED) {
        return fail(fmt::format("no memory for the kernel's types: {}", std::strerror(errno)));
    }
    KernelBtf btf({static_cast<std::byte*>(memory), length});
    if (!mapped && !read_all(file.get(), btf.bytes_)) {
        return fail("cannot read /sys/kernel/btf/vmlinux");
    }
    return btf;
}

KernelBtf::~KernelBtf() {
    if (!bytes_.empty()) {
        ::munmap(bytes_.data(), bytes_.size());
    }
}

Result<KernelTypes> select_types(std::span<const std::byte> all, const btf& wanted,
                                 std::span<const std::string> hooks) {
    auto table = TypeTable::parse(all);
    if (!table) {
        return tl::unexpected(table.error());
    }
    const Wanted names = named_by(wanted);
    const auto letters = first_letters(names, hooks);
    KernelTypes found;
    found.structs.reset(btf__new_empty());
    if (!found.structs) {
        return fail(fmt::format("no memory for the kernel's types: {}", std::strerror(errno)));
    }
    Copy copy(*table, names, found.structs.get());
    for (std::uint32_t id = 1; id < table->size(); ++id) {
        const btf_type& type = *table->type(id);
        const auto letter = static_cast<unsigned char>(table->first_letter(type.name_off));
        if (!letters.at(letter)) {
            continue;
        }
        const auto kind = btf_kind(&type);
        if (kind == BTF_KIND_STRUCT) {
            const auto known = names.find(without_flavour(table->name(type.name_off)));
            if (known != names.end()) {
                (void)copy.composite(id, &known->second);
            }
        } else if (kind == BTF_KIND_ENUM) {
            const auto known = names.find(without_flavour(table->name(type.name_off)));
            if (known != names.end()) {
                (void)copy.enumeration(id, known->second);
            }
        } else if (kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_FUNC) {
            const auto name = table->name(type.name_off);
            if (std::find(hooks.begin(), hooks.end(), name) != hooks.end()) {
                found.hooks.emplace(name, static_cast<int>(id));
            }
        }
    }
    return found;
}

LeanLoader::LeanLoader(util::Fd file)
    : file_(std::move(file)), path_(fmt::format("/proc/self/fd/{}", file_.get())) {}

Result<LeanLoader> LeanLoader::make() {
    if (auto registered = register_sections(); !registered) {
        return tl::unexpected(registered.error());
    }
    util::Fd file(::memfd_create("kernel types", MFD_CLOEXEC));
    if (!file.valid()) {
        return fail(fmt::format("no memory for the kernel's types: {}", std::strerror(errno)));
    }
    LeanLoader loader(std::move(file));
    if (::access(loader.path().c_str(), R_OK) != 0) {
        return fail("tracing needs /proc: mount -t proc proc /proc");
    }
    return loader;
}

Result<int> LeanLoader::load(const bpf_object* object, const std::function<int()>& load) {
    {
        auto all = KernelBtf::map();
        if (!all) {
            return tl::unexpected(all.error());
        }
        auto selected = select_types(all->bytes(), *bpf_object__btf(object), hooks_of(object));
        if (!selected) {
            return tl::unexpected(selected.error());
        }
        types_ = std::move(*selected);
    }
    std::uint32_t length = 0;
    const auto* bytes = static_cast<const std::byte*>(btf__raw_data(types_.structs.get(), &length));
    if (bytes == nullptr || !write_all(file_.get(), {bytes, length})) {
        return fail("no memory for the kernel's types");
    }
    loading = &types_;
    const int error = load();
    loading = nullptr;
    return error;
}

bool LeanLoader::has_member(const char* structure, std::string_view member) const {
    const btf* types = types_.structs.get();
    const int id =
        types == nullptr ? -1 : btf__find_by_name_kind(types, structure, BTF_KIND_STRUCT);
    if (id <= 0) {
        return false;
    }
    const btf_type* type = btf__type_by_id(types, static_cast<std::uint32_t>(id));
    const std::span members(btf_members(type), btf_vlen(type));
    return std::any_of(members.begin(), members.end(), [&](const btf_member& candidate) {
        return name_of(*types, candidate.name_off) == member;
    });
}

}  // namespace rqs::bpfkit
