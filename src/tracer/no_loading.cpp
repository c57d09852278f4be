// SPDX-License-Identifier: BSD-2-Clause
// What a static program has in place of dlopen() and its like (CMakeLists.txt): without it, ld
// warns that the loader of glibc would be needed, and links half of it.

extern "C" void* rqs_no_loading();
/// There is no such library, no such symbol, and no error to tell.
extern "C" void* rqs_no_loading() {
    return nullptr;
}
