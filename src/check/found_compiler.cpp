// Where the compiler is a command of its own.
#include "base/error.hpp"
#include "check/compiler.hpp"

namespace ovenbird {

std::vector<std::string> compiler_words(const std::string& command) {
    return {command};
}

void lead_to(const std::filesystem::path& file, const std::filesystem::path& link) {
    std::error_code error;
    std::filesystem::create_symlink(file, link, error);
    if (error) fail(ErrorCode::io, "{}: {}", link.string(), error.message());
}

}  // namespace ovenbird
