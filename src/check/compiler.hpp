#pragma once
// Intel's NPU compiler behind a command (tools/npu-compile): it may crash, hang or eat the memory, so it runs
// in a process of its own and only a whole answer is believed.

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/json.hpp"

namespace ovenbird {

struct NpuCompiler {
    std::string command;            // a program in PATH or a path
    int64_t timeout_seconds = 900;  // for one compilation
};

/// `named`, else $OVENBIRD_NPU_COMPILE, else "npu-compile".
std::string npu_compile_command(const std::string& named);

/// What the compiler made of a model: platform, accepted, reason, seconds, peak_mb, blob_bytes, compiler,
/// requirements. With `blob` the compiled model is left there when it was accepted. Errors: not_found (no
/// such command), device when there is no verdict, interrupted.
Json ask_npu_compiler(const NpuCompiler& compiler, const std::filesystem::path& xml, int platform,
                      const std::filesystem::path& blob = {});

/// A graph and its weights under one name, as plain readers expect them: the files themselves, or links in a
/// folder of their own, deleted afterwards. Errors: io.
class PairedFiles {
public:
    PairedFiles(const std::filesystem::path& xml, const std::filesystem::path& bin);
    ~PairedFiles();
    PairedFiles(const PairedFiles&) = delete;
    PairedFiles& operator=(const PairedFiles&) = delete;
    const std::filesystem::path& xml() const { return xml_; }

private:
    void clear();

    std::filesystem::path xml_;
    std::filesystem::path scratch_;  // empty where there is none
};

}  // namespace ovenbird
