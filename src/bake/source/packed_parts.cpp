#include "bake/source/packed_parts.hpp"

#include <algorithm>

#include "bake/source/printable.hpp"

namespace ovenbird {

std::string shape_text(const StoredPart& part) {
    return fmt::format("[{}]", fmt::join(part.shape, ", "));
}

int64_t element_count(const StoredPart& part) {
    int64_t count = 1;
    for (const int64_t axis : part.shape)
        count *= axis;  // fits: the file's bytes hold them
    return count;
}

int64_t ceil_div(int64_t a, int64_t b) {
    return a / b + (a % b != 0 ? 1 : 0);
}

const StoredPart* ModuleParts::find(std::string_view suffix) const {
    const auto found = parts_.find(module_ + std::string(suffix));
    return found == parts_.end() ? nullptr : &found->second;
}

const StoredPart* ModuleParts::check(std::string_view suffix,
                                     std::initializer_list<std::string_view> types) const {
    const StoredPart* part = find(suffix);
    if (part == nullptr) return nullptr;
    if (std::find(types.begin(), types.end(), part->type) == types.end())
        wrong(*part, "has type {}, expected {}", printable(part->type), fmt::join(types, " or "));
    if (part->bytes.empty()) wrong(*part, "has no elements (shape {})", shape_text(*part));
    if (part->shape.size() > 2) wrong(*part, "has shape {}, expected at most two axes", shape_text(*part));
    return part;
}

const StoredPart& ModuleParts::need(std::string_view suffix,
                                    std::initializer_list<std::string_view> types) const {
    if (const StoredPart* part = check(suffix, types)) return *part;
    fail(
        ErrorCode::invalid_input,
        "the tensor {}{} is missing from the weights, and method {} needs it to read {}; is a shard missing?",
        printable(module_), suffix, method_, printable(module_));
}

const StoredPart& ModuleParts::need_matrix(std::string_view suffix,
                                           std::initializer_list<std::string_view> types) const {
    const StoredPart& part = need(suffix, types);
    if (part.shape.size() != 2) wrong(part, "has shape {}, expected two axes", shape_text(part));
    return part;
}

void ModuleParts::expect_shape(const StoredPart& part, int64_t rows, int64_t columns) const {
    if (part.shape.size() == 2 && part.shape[0] == rows && part.shape[1] == columns) return;
    wrong(part, "has shape {}, but the tensors beside it ask for [{}, {}]", shape_text(part), rows, columns);
}

void ModuleParts::fail_wrong(const StoredPart& part, const std::string& what) const {
    fail(ErrorCode::invalid_input,
         "{}: the tensor {} {} (method {}); the configuration or the file is damaged: download both again",
         part.file == nullptr ? "the weights" : printable(part.file->path().string()), printable(part.name),
         what, method_);
}

void ModuleParts::fail_refused(const StoredPart& codes, const std::string& what) const {
    fail(ErrorCode::unsupported,
         "the checkpoint is compressed (method {}; first tensor: {}) with {}, which Ovenbird does not read; "
         "bake the original checkpoint in bf16 or f16",
         method_, printable(codes.name), what);
}

}  // namespace ovenbird
