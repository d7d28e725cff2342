#pragma once
// Weight files made in memory, right or wrong on purpose. For tests only.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace ovenbird {

inline std::span<const std::byte> bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

template <typename T>
std::string raw(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

template <typename T>
std::string raw(const std::vector<T>& values) {
    std::string bytes;
    for (const T value : values)
        bytes += raw(value);
    return bytes;
}

inline std::string safetensors_file(const std::string& header, const std::string& data) {
    return raw(uint64_t{header.size()}) + header + data;
}

/// A GGUF file, piece by piece.
class GgufFile {
public:
    explicit GgufFile(uint32_t version = 3) : version_(version) {}

    static std::string string(std::string_view text) {
        return raw(uint64_t{text.size()}) + std::string(text);
    }

    GgufFile& pair(std::string_view key, uint32_t type, const std::string& value) {
        pairs_ += string(key) + raw(type) + value;
        ++pair_count_;
        return *this;
    }
    GgufFile& u32(std::string_view key, uint32_t value) { return pair(key, 4, raw(value)); }
    GgufFile& f32(std::string_view key, float value) { return pair(key, 6, raw(value)); }
    GgufFile& flag(std::string_view key, bool value) {
        return pair(key, 7, raw(static_cast<uint8_t>(value)));
    }
    GgufFile& text(std::string_view key, std::string_view value) { return pair(key, 8, string(value)); }
    GgufFile& texts(std::string_view key, const std::vector<std::string>& values) {
        std::string list = raw(uint32_t{8}) + raw(uint64_t{values.size()});
        for (const auto& value : values)
            list += string(value);
        return pair(key, 9, list);
    }
    GgufFile& i32s(std::string_view key, const std::vector<int32_t>& values) {
        return pair(key, 9, raw(uint32_t{5}) + raw(uint64_t{values.size()}) + raw(values));
    }
    GgufFile& f32s(std::string_view key, const std::vector<float>& values) {
        return pair(key, 9, raw(uint32_t{6}) + raw(uint64_t{values.size()}) + raw(values));
    }

    /// `axes` innermost first, as the file has them.
    GgufFile& tensor_at(std::string_view name, const std::vector<uint64_t>& axes, uint32_t type,
                        uint64_t offset) {
        entries_ +=
            string(name) + raw(static_cast<uint32_t>(axes.size())) + raw(axes) + raw(type) + raw(offset);
        ++tensor_count_;
        return *this;
    }
    GgufFile& tensor(std::string_view name, const std::vector<uint64_t>& axes, uint32_t type,
                     const std::string& data) {
        tensor_at(name, axes, type, data_.size());
        data_ += data;
        data_.resize((data_.size() + 31) / 32 * 32);
        return *this;
    }
    GgufFile& floats(std::string_view name, const std::vector<uint64_t>& axes,
                     const std::vector<float>& values) {
        return tensor(name, axes, 0, raw(values));
    }

    std::string bytes() const {
        std::string file = header();
        file.resize((file.size() + 31) / 32 * 32);
        return file + data_;
    }
    std::string header() const { return start(tensor_count_, pair_count_) + pairs_ + entries_; }
    std::string start(uint64_t tensors, uint64_t pairs) const {
        return "GGUF" + raw(version_) + raw(tensors) + raw(pairs);
    }

private:
    uint32_t version_;
    std::string pairs_, entries_, data_;
    uint64_t pair_count_ = 0, tensor_count_ = 0;
};

/// A folder that lives as long as the test.
class SourceFolder {
public:
    SourceFolder() {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        path_ = std::filesystem::path(testing::TempDir()) /
                (std::string("ovenbird_source_") + test->test_suite_name() + "_" + test->name());
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    ~SourceFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    SourceFolder(const SourceFolder&) = delete;
    SourceFolder& operator=(const SourceFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, const std::string& content) const {
        const auto target = path_ / name;
        std::filesystem::create_directories(target.parent_path());
        std::ofstream(target, std::ios::binary) << content;
        return target;
    }

private:
    std::filesystem::path path_;
};

inline std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Expects the call to throw `code` with all of `words` in its message.
inline void expect_error(ErrorCode code, const std::vector<std::string>& words,
                         const std::function<void()>& call) {
    try {
        call();
        ADD_FAILURE() << "no error; expected " << error_name(code);
    } catch (const Error& error) {
        EXPECT_STREQ(error_name(error.code()), error_name(code)) << error.what();
        for (const auto& word : words) {
            EXPECT_NE(std::string(error.what()).find(word), std::string::npos)
                << word << " is not in: " << error.what();
        }
    }
}

}  // namespace ovenbird
