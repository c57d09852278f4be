// SPDX-License-Identifier: BSD-2-Clause
#include "bpfkit/btf_layout.h"

#include <bpf/btf.h>

namespace rqs::bpfkit {

std::optional<std::size_t> btf_tail_bytes(std::uint32_t kind, std::size_t vlen) {
    switch (kind) {
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
        case BTF_KIND_INT:
            return sizeof(std::uint32_t);
        case BTF_KIND_ARRAY:
            return sizeof(struct btf_array);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
            return vlen * sizeof(btf_member);
        case BTF_KIND_ENUM:
            return vlen * sizeof(struct btf_enum);
        case BTF_KIND_ENUM64:
            return vlen * sizeof(struct btf_enum64);
        case BTF_KIND_FUNC_PROTO:
            return vlen * sizeof(btf_param);
        case BTF_KIND_VAR:
            return sizeof(struct btf_var);
        case BTF_KIND_DATASEC:
            return vlen * sizeof(btf_var_secinfo);
        case BTF_KIND_DECL_TAG:
            return sizeof(struct btf_decl_tag);
        default:
            return std::nullopt;
    }
}

}  // namespace rqs::bpfkit
