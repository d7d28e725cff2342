#pragma once
// Intel's NPU compiler behind a command (tools/npu-compile; on Windows this program's own): it may crash,
// hang or eat the memory, so it runs in a process of its own and only a whole answer is believed.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/scratch_folder.hpp"

namespace ovenbird {

struct NpuCompiler {
    std::string command;            // a program in PATH or a path
    int64_t timeout_seconds = 900;  // for one compilation
};

/// `named`, else $OVENBIRD_NPU_COMPILE, else "npu-compile".
std::string npu_compile_command(const std::string& named);

/// What starts a command: itself, but on Windows this program with its own npu-compile where that is asked
/// for.
std::vector<std::string> compiler_words(const std::string& command);

/// What the compiler made of a model: platform, accepted, reason, seconds, peak_mb, blob_bytes, compiler,
/// requirements. With `blob` the compiled model is left there when it was accepted. Errors: not_found (no
/// such command), device when there is no verdict, interrupted.
Json ask_npu_compiler(const NpuCompiler& compiler, const std::filesystem::path& xml, int platform,
                      const std::filesystem::path& blob = {});

/// Makes `link` lead to `file`: a symbolic link; on Windows, where those are a privilege, a hard link or a
/// copy. Errors: io, no_space.
void lead_to(const std::filesystem::path& file, const std::filesystem::path& link);

/// A graph and its weights under one name, as plain readers expect them: the files themselves, or links in a
/// folder of their own, deleted afterwards. Errors: io, no_space.
class PairedFiles {
public:
    PairedFiles(const std::filesystem::path& xml, const std::filesystem::path& bin);
    const std::filesystem::path& xml() const { return xml_; }

private:
    std::filesystem::path xml_;
    std::optional<ScratchFolder> scratch_;
};

}  // namespace ovenbird
