// npu_compile.exe MODEL.xml PLATFORM BLOB [KEY=VALUE ...]: compiles an IR for an NPU that need not be there
// and writes the blob. Runs under Wine, beside OpenVINO's Windows libraries; tools/npu-compile builds and
// calls it.
//
// Exit status 0 and a last line "BLOB <bytes>" mean success; a failure prints "ERROR <what>: <OpenVINO's
// message>". A crash of the compiler can end with status 0 too, so the caller looks for the line and at the
// blob.

#include <openvino/c/openvino.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PROPERTIES = 16 };

static int failed(const char* what) {
    printf("ERROR %s: %s\n", what, ov_get_last_err_msg());
    fflush(stdout);
    return 1;
}

// Splits KEY=VALUE in place; returns 0 when there is no '='.
static int add_property(ov_core_t* core, char* argument) {
    char* equals = strchr(argument, '=');
    if (equals == NULL) return 0;
    *equals = '\0';
    return ov_core_set_property(core, "NPU", argument, equals + 1) == OK;
}

int main(int count, char** arguments) {
    if (count < 4 || count > 4 + MAX_PROPERTIES) {
        fprintf(stderr, "usage: npu_compile.exe MODEL.xml PLATFORM BLOB [KEY=VALUE ...]\n");
        return 2;
    }
    ov_core_t* core = NULL;
    ov_model_t* model = NULL;
    ov_compiled_model_t* compiled = NULL;
    if (ov_core_create(&core) != OK) return failed("create core");
    if (ov_core_set_property(core, "NPU", "NPU_PLATFORM", arguments[2]) != OK)
        return failed("set NPU_PLATFORM");
    if (ov_core_set_property(core, "NPU", "NPU_COMPILER_TYPE", "PLUGIN") != OK)
        return failed("set NPU_COMPILER_TYPE");
    for (int i = 4; i < count; ++i) {
        if (!add_property(core, arguments[i])) return failed(arguments[i]);
    }
    if (ov_core_read_model(core, arguments[1], NULL, &model) != OK) return failed("read");
    if (ov_core_compile_model(core, model, "NPU", 0, &compiled) != OK) return failed("compile");
    if (ov_compiled_model_export_model(compiled, arguments[3]) != OK) return failed("export");

    FILE* blob = fopen(arguments[3], "rb");
    if (blob == NULL || _fseeki64(blob, 0, SEEK_END) != 0) return failed("open the blob");
    char* requirements = NULL;
    if (ov_compiled_model_get_property(compiled, "RUNTIME_REQUIREMENTS", &requirements) == OK)
        printf("REQUIREMENTS %s\n", requirements);
    printf("BLOB %lld\n", (long long)_ftelli64(blob));
    fclose(blob);
    fflush(stdout);
    return 0;
}
