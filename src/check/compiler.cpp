#include "check/compiler.hpp"

#include "base/cut_text.hpp"
#include "base/error.hpp"
#include "base/platform/child.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {

namespace fs = std::filesystem;

std::string npu_compile_command(const std::string& named) {
    if (!named.empty()) return named;
    const auto variable = environment("OVENBIRD_NPU_COMPILE");
    return variable && !variable->empty() ? *variable : "npu-compile";
}

Json ask_npu_compiler(const NpuCompiler& compiler, const std::filesystem::path& xml, int platform,
                      const std::filesystem::path& blob) {
    std::vector<std::string> command = compiler_words(compiler.command);
    for (const auto& word :
         {std::filesystem::absolute(xml).string(), std::string("--platform"), std::to_string(platform),
          std::string("--timeout"), std::to_string(compiler.timeout_seconds), std::string("--json")})
        command.push_back(word);
    if (!blob.empty()) {
        command.emplace_back("--blob");
        command.push_back(std::filesystem::absolute(blob).string());
    }
    ChildLimits limits;
    limits.time =
        std::chrono::seconds(compiler.timeout_seconds + 300);  // it has its own limit, and may set itself up
    const ChildResult result = run_child(command, limits);
    if (result.end == ChildResult::End::exited && (result.status == 0 || result.status == 1)) {
        Json verdict = Json::parse(result.output, nullptr, false);
        const bool whole =
            verdict.is_object() && verdict.contains("accepted") && verdict["accepted"].is_boolean();
        if (whole) return verdict;
    }
    std::string why = "it gave no verdict";
    if (result.end == ChildResult::End::timed_out) why = "it did not end in time";
    if (result.end == ChildResult::End::signalled) why = fmt::format("it crashed (signal {})", result.status);
    if (!result.errors.empty()) why += ": " + cut_text(result.errors, 500);
    fail(ErrorCode::device, "platform {}: {} said nothing of use; {}", platform, compiler.command, why);
}

PairedFiles::PairedFiles(const fs::path& xml, const fs::path& bin) : xml_(xml) {
    if (fs::path(xml).replace_extension(".bin") == bin) return;
    const fs::path& scratch = scratch_.emplace("check").path();
    xml_ = scratch / xml.filename();
    lead_to(fs::absolute(xml), xml_);
    lead_to(fs::absolute(bin), fs::path(xml_).replace_extension(".bin"));
}

}  // namespace ovenbird
