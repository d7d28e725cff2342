#include "bake/source/gguf_header.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <type_traits>

#include "bake/source/gguf_types.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// Far above any model; they bound what a lying header can make us hold, whatever the file's size.
constexpr uint64_t kMaxKeys = 1U << 16;
constexpr uint64_t kMaxTensors = 1U << 18;
constexpr uint64_t kMaxArrayElements = 1U << 24;  // in all arrays together
constexpr uint64_t kMaxNameBytes = 1024;
constexpr uint64_t kMaxAlignment = 1U << 20;
constexpr int kMaxNesting = 4;
// The fewest bytes that a pair (length, one letter, type, one byte) and a tensor (length, letter, axes, one
// axis, type, offset) take.
constexpr uint64_t kLeastPairBytes = 8 + 1 + 4 + 1;
constexpr uint64_t kLeastTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

enum ValueType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

constexpr uint64_t kElementBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

class HeaderReader {
public:
    HeaderReader(std::span<const std::byte> file, const std::string& origin) : file_(file), origin_(origin) {}

    GgufHeader read();

private:
    template <typename... Args>
    [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) {
        fail(ErrorCode::invalid_input,
             "{}: {} (near byte {}); the file is damaged or cut short: download it again", origin_,
             fmt::format(format, std::forward<Args>(args)...), position_);
    }

    uint64_t remaining() const { return file_.size() - position_; }

    template <typename T>
    T number() {
        if (remaining() < sizeof(T)) wrong("the file ends inside its header");
        T value;
        std::memcpy(&value, file_.data() + position_, sizeof(T));
        position_ += sizeof(T);
        return value;
    }

    std::string_view text() {
        const auto length = number<uint64_t>();
        if (length > remaining()) wrong("a string of {} bytes does not fit the file", length);
        const std::string_view result(reinterpret_cast<const char*>(file_.data()) + position_, length);
        position_ += length;
        return result;
    }

    std::string name(const char* what) {
        const std::string_view result = text();
        if (result.empty() || result.size() > kMaxNameBytes) {
            wrong("the name of a {} has {} bytes, expected 1 to {}", what, result.size(), kMaxNameBytes);
        }
        return std::string(result);
    }

    void check_magic();
    void read_metadata(uint64_t count);
    GgufValue value(uint32_t type);
    GgufValue array_value(int depth);
    template <typename T>
    GgufValue integer_array(uint64_t count);
    void read_tensor();
    void place_tensors();

    std::span<const std::byte> file_;
    const std::string& origin_;
    uint64_t position_ = 0;
    uint64_t array_elements_ = 0;
    std::set<std::string, std::less<>> names_;  // of tensors
    GgufHeader header_;
};

GgufHeader HeaderReader::read() {
    header_.metadata = GgufMetadata(origin_);
    check_magic();
    const auto tensor_count = number<uint64_t>();
    const auto key_count = number<uint64_t>();
    if (key_count > kMaxKeys || key_count > remaining() / kLeastPairBytes) {
        wrong("the header claims {} metadata keys", key_count);
    }
    if (tensor_count > kMaxTensors || tensor_count > remaining() / kLeastTensorBytes) {
        wrong("the header claims {} tensors", tensor_count);
    }
    read_metadata(key_count);
    for (uint64_t i = 0; i < tensor_count; ++i)
        read_tensor();
    place_tensors();
    return std::move(header_);
}

void HeaderReader::check_magic() {
    if (file_.size() < 4 || std::memcmp(file_.data(), "GGUF", 4) != 0) {
        fail(ErrorCode::invalid_input, "{}: does not start with GGUF; it is no GGUF file", origin_);
    }
    position_ = 4;
    header_.version = number<uint32_t>();
    if (header_.version == 2 || header_.version == 3) return;
    if ((header_.version & 0xFFFFU) == 0) {
        fail(ErrorCode::unsupported, "{}: a big-endian GGUF file; convert it for little-endian machines",
             origin_);
    }
    fail(ErrorCode::unsupported, "{}: GGUF version {} is not known; known: 2, 3. Convert the model again",
         origin_, header_.version);
}

void HeaderReader::read_metadata(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
        std::string key = name("metadata key");
        const auto type = number<uint32_t>();
        GgufValue read = value(type);
        const std::string shown = printable(key);
        if (!header_.metadata.insert(std::move(key), std::move(read)))
            wrong("metadata {} is given twice", shown);
    }
}

GgufValue HeaderReader::value(uint32_t type) {
    switch (type) {
        case u8:
            return uint64_t{number<uint8_t>()};
        case i8:
            return int64_t{number<int8_t>()};
        case u16:
            return uint64_t{number<uint16_t>()};
        case i16:
            return int64_t{number<int16_t>()};
        case u32:
            return uint64_t{number<uint32_t>()};
        case i32:
            return int64_t{number<int32_t>()};
        case u64:
            return number<uint64_t>();
        case i64:
            return number<int64_t>();
        case f32:
            return number<float>();
        case f64:
            return number<double>();
        case boolean:
            return number<uint8_t>() != 0;
        case string:
            return text();
        case array:
            return array_value(0);
        default:
            wrong("metadata value type {} is not known", type);
    }
}

template <typename T>
GgufValue HeaderReader::integer_array(uint64_t count) {
    GgufIntegers list(count);
    for (auto& element : list) {
        const T read = number<T>();
        if constexpr (std::is_same_v<T, uint64_t>) {
            if (read > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
                wrong("{} in an array", read);
        }
        element = static_cast<int64_t>(read);
    }
    return list;
}

GgufValue HeaderReader::array_value(int depth) {
    const auto type = number<uint32_t>();
    const auto count = number<uint64_t>();
    if (type > f64) wrong("array element type {} is not known", type);
    if (count > remaining() / kElementBytes[type])
        wrong("an array of {} elements does not fit the file", count);
    array_elements_ += count;
    if (array_elements_ > kMaxArrayElements)
        wrong("the arrays hold more than {} elements", kMaxArrayElements);
    switch (type) {
        case u8:
            return integer_array<uint8_t>(count);
        case i8:
            return integer_array<int8_t>(count);
        case u16:
            return integer_array<uint16_t>(count);
        case i16:
            return integer_array<int16_t>(count);
        case u32:
            return integer_array<uint32_t>(count);
        case i32:
            return integer_array<int32_t>(count);
        case u64:
            return integer_array<uint64_t>(count);
        case i64:
            return integer_array<int64_t>(count);
        case f32: {
            GgufFloats list(count);
            for (float& element : list)
                element = number<float>();
            return list;
        }
        case string: {
            GgufStrings list;
            for (uint64_t i = 0; i < count; ++i)
                list.push_back(text());
            return list;
        }
        case array: {
            if (depth + 1 >= kMaxNesting) wrong("arrays are nested more than {} deep", kMaxNesting);
            for (uint64_t i = 0; i < count; ++i)
                array_value(depth + 1);
            return std::monostate{};
        }
        default:
            position_ += count * kElementBytes[type];
            return std::monostate{};
    }
}

// Reads one tensor's entry; begin is still relative to the data, end is its size.
void HeaderReader::read_tensor() {
    StoredTensor result;
    result.name = name("tensor");
    const std::string shown = printable(result.name);
    if (!names_.insert(result.name).second) wrong("tensor {} is listed twice", shown);
    const auto axes = number<uint32_t>();
    if (axes < 1 || axes > 4) wrong("tensor {} has {} axes, expected 1 to 4", shown, axes);
    uint64_t elements = 1;
    for (uint32_t i = 0; i < axes; ++i) {
        const auto size = number<uint64_t>();
        if (size == 0 || __builtin_mul_overflow(elements, size, &elements) ||
            elements > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / 8) {
            wrong("tensor {} has an axis of {}", shown, size);
        }
        result.shape.push_back(static_cast<int64_t>(size));
    }
    const auto type_number = number<uint32_t>();
    result.begin = number<uint64_t>();
    const auto type = gguf_tensor_type(type_number);
    if (!type) {
        header_.unreadable.push_back({std::move(result.name), type_number});
        return;
    }
    result.type = *type;
    const BlockLayout block = block_layout(result.type);
    if (static_cast<uint64_t>(result.shape[0]) % block.elements != 0) {
        wrong("tensor {}: rows of {} are not whole {} blocks of {}", shown, result.shape[0],
              source_type_name(result.type), block.elements);
    }
    std::reverse(result.shape.begin(), result.shape.end());
    result.end = elements / block.elements * block.bytes;
    header_.tensors.push_back(std::move(result));
}

// Turns offsets into places in the file. Holes are allowed (the format pads), overlaps are not.
void HeaderReader::place_tensors() {
    const auto alignment = static_cast<uint64_t>(header_.metadata.integer("general.alignment").value_or(32));
    if (!std::has_single_bit(alignment) || alignment > kMaxAlignment) {
        wrong("general.alignment is {}, expected a power of two up to {}", alignment, kMaxAlignment);
    }
    const uint64_t data = (position_ + alignment - 1) / alignment * alignment;
    for (StoredTensor& entry : header_.tensors) {
        const std::string shown = printable(entry.name);
        if (entry.begin % alignment != 0) wrong("tensor {} is not aligned to {} bytes", shown, alignment);
        uint64_t begin = 0;
        uint64_t end = 0;
        if (__builtin_add_overflow(data, entry.begin, &begin) ||
            __builtin_add_overflow(begin, entry.end, &end) || end > file_.size()) {
            wrong("tensor {} needs {} bytes at data offset {}, the file has {} bytes", shown, entry.end,
                  entry.begin, file_.size());
        }
        entry.begin = begin;
        entry.end = end;
    }
    std::sort(header_.tensors.begin(), header_.tensors.end(),
              [](const StoredTensor& a, const StoredTensor& b) { return a.begin < b.begin; });
    for (size_t i = 1; i < header_.tensors.size(); ++i) {
        const StoredTensor& before = header_.tensors[i - 1];
        const StoredTensor& own = header_.tensors[i];
        if (own.begin < before.end)
            wrong("tensors {} and {} overlap", printable(before.name), printable(own.name));
    }
}

}  // namespace

GgufHeader parse_gguf(std::span<const std::byte> file, const std::string& origin) {
    return HeaderReader(file, origin).read();
}

}  // namespace ovenbird
