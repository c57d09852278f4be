#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes corpus/pkg_reader: small packages of each format, and an object and its BTF by themselves.

Usage: make_pkg_corpus.py ECC
"""
import base64
import json
import pathlib
import subprocess
import sys
import tempfile

SOURCE = """
typedef unsigned int __u32;
#define SEC(name) __attribute__((section(name), used))
enum color { RED = 1 };
struct event { char who[8]; int number; enum color color; _Bool yes : 1; unsigned long long *p; };
/// a number
const volatile int limit = 3;
/// @sample {"interval": 100, "type": "log2_hist"}
struct { int (*type)[1]; int (*max_entries)[4]; __u32 *key; struct { __u32 slots[4]; } *value; }
hists SEC(".maps");
struct { int (*type)[27]; int (*max_entries)[4096]; } events SEC(".maps");
SEC("raw_tp/sys_enter") int run(void *ctx) { return limit; }
/// @brief a seed
char LICENSE[] SEC("license") = "GPL";
"""
HEADER = "struct event { char who[8]; };\n"


def main(ecc):
    out = pathlib.Path(__file__).parent / "corpus" / "pkg_reader"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "vmlinux.h").write_text("")
        (folder / "seed.bpf.c").write_text(SOURCE)
        (folder / "seed.h").write_text(HEADER)
        for form in ([], ["--yaml"]):
            subprocess.run([ecc, folder, "--keep", *form], check=True)
        elf = (folder / "seed.bpf.o").read_bytes()
        for kind in ("json", "yaml"):
            (out / f"current.{kind}").write_bytes((folder / f"package.{kind}").read_bytes())
    (out / "object.elf").write_bytes(elf)
    start = elf.index(b"\x9f\xeb\x01")
    (out / "types.btf").write_bytes(elf[start : elf.index(b"\x9f\xeb\x01", start + 1)])
    types = {
        "Struct Name": "event",
        "Size": 96,
        "Fields": [
            {"Name": "who", "Type": "char [8]", "LLVMType": "[8 x i8]", "FieldOffset": 0},
            {"Name": "number", "Type": "int", "LLVMType": "i32", "FieldOffset": 64},
        ],
    }
    older = {
        "name": "seed",
        "data_sz": len(elf),
        "data": base64.encodebytes(elf).decode(),
        "maps": [{"name": "events", "type": "BPF_MAP_TYPE_RINGBUF", "export_data_types": types}],
        "progs": [{"name": "run"}],
    }
    (out / "older.json").write_text(json.dumps(older))
    prefixed = {"ebpf_" + key: value for key, value in older.items()}
    prefixed["ebpf_maps"] = ["events"]
    (out / "prefixed.json").write_text(json.dumps(prefixed))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    main(sys.argv[1])
