#pragma once
// The tensors of one compressed module, each checked before it is used.

#include <fmt/format.h>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/mapped_file.hpp"

namespace ovenbird {

/// A tensor as a safetensors file has it; `type` is the file's word ("I32"). The bytes fit type and shape.
struct StoredPart {
    std::string name;
    std::string type;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
    const MappedFile* file = nullptr;
};
using StoredParts = std::map<std::string, StoredPart, std::less<>>;

/// What is beside a module's codes. Errors name the tensor.
class ModuleParts {
public:
    ModuleParts(const StoredParts& parts, std::string module, std::string_view method)
        : parts_(parts), module_(std::move(module)), method_(method) {}
    const std::string& module() const { return module_; }
    const StoredPart* find(std::string_view suffix) const;
    /// Errors: invalid_input where there is none, it is empty, or its type is not among those given.
    const StoredPart& need(std::string_view suffix, std::initializer_list<std::string_view> types) const;
    /// The same, with two axes.
    const StoredPart& need_matrix(std::string_view suffix,
                                  std::initializer_list<std::string_view> types) const;
    /// A part that need not be there; null where it is not.
    const StoredPart* check(std::string_view suffix, std::initializer_list<std::string_view> types) const;
    void expect_shape(const StoredPart& part, int64_t rows, int64_t columns) const;

    /// A value that contradicts another.
    template <typename... Args>
    [[noreturn]] void wrong(const StoredPart& part, fmt::format_string<Args...> format,
                            Args&&... args) const {
        fail_wrong(part, fmt::format(format, std::forward<Args>(args)...));
    }
    /// A variant of the method that is not read; names the method and the module's codes.
    template <typename... Args>
    [[noreturn]] void refuse(const StoredPart& codes, fmt::format_string<Args...> format,
                             Args&&... args) const {
        fail_refused(codes, fmt::format(format, std::forward<Args>(args)...));
    }

private:
    [[noreturn]] void fail_wrong(const StoredPart& part, const std::string& what) const;
    [[noreturn]] void fail_refused(const StoredPart& codes, const std::string& what) const;
    const StoredParts& parts_;
    std::string module_;
    std::string_view method_;
};

/// "[64, 8]".
std::string shape_text(const StoredPart& part);
/// The product of the axes.
int64_t element_count(const StoredPart& part);
/// a / b, rounded up; b > 0.
int64_t ceil_div(int64_t a, int64_t b);

}  // namespace ovenbird
