// Linked into every executable of a sanitizer build. AddressSanitizer aborts when a library is loaded with
// RTLD_DEEPBIND, as OpenVINO's TBB does with its binding library; here the flag is cleared on the way.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>

typedef void* (*DlopenFunction)(const char* path, int flags);

__attribute__((visibility("default"))) void* dlopen(const char* path, int flags) {
    static DlopenFunction next;
    if (!next) next = (DlopenFunction)dlsym(RTLD_NEXT, "dlopen");
    return next(path, flags & ~RTLD_DEEPBIND);
}

// What the libraries that we do not build keep until the process ends.
__attribute__((visibility("default"))) const char* __lsan_default_suppressions(void) {
    return "leak:libopenvino\nleak:libtbb\nleak:libhwloc\nleak:libOpenCL\n";
}

__attribute__((visibility("default"))) const char* __asan_default_options(void) {
    return "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1";
}

__attribute__((visibility("default"))) const char* __lsan_default_options(void) {
    return "print_suppressions=0";
}

__attribute__((visibility("default"))) const char* __ubsan_default_options(void) {
    return "print_stacktrace=1";
}

// LeakSanitizer's tracer crashes now and then on a thread that ends while it looks ("Tracer caught signal
// 11"), which fails a program that did all it should. OpenVINO's TBB leaves threads behind: leaks are looked
// for without them.
__attribute__((visibility("default"))) int __lsan_is_turned_off(void) {
    DIR* tasks = opendir("/proc/self/task");
    if (!tasks) return 0;
    int threads = 0;
    for (const struct dirent* entry = readdir(tasks); entry; entry = readdir(tasks))
        threads += entry->d_name[0] != '.';
    closedir(tasks);
    return threads > 1;
}
