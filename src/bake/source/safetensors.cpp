#include "bake/source/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr size_t kMaxAxes = 16;
constexpr size_t kMaxTensors =
    1U << 18;  // far above any model; bounds the memory that a lying header can take
constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxTypeName = 32;

// Reads the header event by event: no document is built, so that memory stays near the size of the result,
// and a name that comes twice is seen.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit HeaderReader(const std::string& origin) : origin_(origin) {}
    std::vector<SafetensorsEntry> take() { return std::move(entries_); }

    bool null() override { return unexpected("null"); }
    bool boolean(bool) override { return unexpected("a boolean"); }
    bool number_float(double, const std::string&) override {
        return unexpected("a fraction or a huge number");
    }
    bool binary(binary_t&) override { return unexpected("binary data"); }
    bool number_integer(int64_t) override { return unexpected("a negative number"); }

    bool number_unsigned(uint64_t value) override {
        if (place_ != Place::list) return unexpected("a number");
        if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
            wrong("{} holds the number {}", key_, value);
        }
        if (key_ == "shape") {
            if (entry_.shape.size() == kMaxAxes) wrong("shape has more than {} axes", kMaxAxes);
            entry_.shape.push_back(static_cast<int64_t>(value));
        } else {
            if (offset_count_ == 2) wrong("data_offsets has more than two numbers");
            (offset_count_ == 0 ? entry_.begin : entry_.end) = value;
            ++offset_count_;
        }
        return true;
    }

    bool string(std::string& text) override {
        if (place_ == Place::metadata) return true;
        if (place_ != Place::tensor || key_ != "dtype") return unexpected("a string");
        read_type(text);
        return true;
    }

    bool start_object(size_t) override {
        if (place_ == Place::start) {
            place_ = Place::root;
        } else if (place_ == Place::root) {
            place_ = entry_.name == "__metadata__" ? Place::metadata : Place::tensor;
        } else {
            return unexpected("an object");
        }
        return true;
    }

    bool key(std::string& text) override {
        if (place_ == Place::root) {
            if (names_.size() == kMaxTensors)
                wrong_file("the header lists more than {} tensors", kMaxTensors);
            if (!names_.insert(text).second) wrong_file("tensor {} is listed twice", printable(text));
            entry_ = {};
            entry_.name = text;
            offset_count_ = 0;
            seen_ = {};
        } else if (place_ == Place::tensor) {
            key_ = text;
            bool& seen = text == "dtype"          ? seen_.dtype
                         : text == "shape"        ? seen_.shape
                         : text == "data_offsets" ? seen_.offsets
                                                  : unknown_key(text);
            if (seen) wrong("{} is given twice", key_);
            seen = true;
        }
        return true;
    }

    bool end_object() override {
        if (place_ == Place::tensor) {
            if (!seen_.dtype || !seen_.shape || offset_count_ != 2) {
                wrong("the entry needs dtype, shape and two data_offsets");
            }
            entries_.push_back(std::move(entry_));
        }
        place_ = place_ == Place::root ? Place::done : Place::root;
        return true;
    }

    bool start_array(size_t) override {
        if (place_ != Place::tensor || key_ == "dtype") return unexpected("a list");
        place_ = Place::list;
        return true;
    }

    bool end_array() override {
        place_ = Place::tensor;
        return true;
    }

    bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
        wrong_file("the header is not valid JSON near byte {}", kLengthBytes + position);
    }

private:
    enum class Place { start, root, metadata, tensor, list, done };

    template <typename... Args>
    [[noreturn]] void wrong_file(fmt::format_string<Args...> format, Args&&... args) {
        fail(ErrorCode::invalid_input, "{}: {}; the file is damaged: download it again", origin_,
             fmt::format(format, std::forward<Args>(args)...));
    }

    template <typename... Args>
    [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) {
        fail(ErrorCode::invalid_input, "{}: tensor {}: {}", origin_, printable(entry_.name),
             fmt::format(format, std::forward<Args>(args)...));
    }

    bool unexpected(const char* what) {
        if (place_ == Place::start) wrong_file("the header is {}, expected an object", what);
        if (place_ == Place::metadata) wrong_file("__metadata__ holds {}, expected only strings", what);
        if (place_ == Place::root) wrong("the entry is {}, expected an object", what);
        wrong("{} is or holds {}", printable(key_), what);
    }

    bool& unknown_key(const std::string& text) { wrong("unknown key {}", printable(text)); }

    void read_type(const std::string& text) {
        if (text == "F32") {
            entry_.type = SourceType::f32;
        } else if (text == "F16") {
            entry_.type = SourceType::f16;
        } else if (text == "BF16") {
            entry_.type = SourceType::bf16;
        } else {
            if (text.empty() || text.size() > kMaxTypeName) wrong("dtype is no name of a type");
            entry_.foreign_type = text;
        }
    }

    struct Seen {
        bool dtype = false;
        bool shape = false;
        bool offsets = false;
    };

    const std::string& origin_;
    Place place_ = Place::start;
    std::set<std::string, std::less<>> names_;
    std::vector<SafetensorsEntry> entries_;
    SafetensorsEntry entry_;
    std::string key_;
    Seen seen_;
    int offset_count_ = 0;
};

// Bits of an element; 0: a type that the format got after this was written, whose size nobody can check.
uint64_t element_bits(const SafetensorsEntry& entry) {
    if (entry.foreign_type.empty()) return uint64_t{8} * block_layout(entry.type).bytes;
    constexpr std::pair<std::string_view, uint64_t> kForeign[] = {
        {"BOOL", 8},    {"U8", 8},   {"I8", 8},   {"F8_E4M3", 8}, {"F8_E5M2", 8},
        {"F8_E8M0", 8}, {"U16", 16}, {"I16", 16}, {"U32", 32},    {"I32", 32},
        {"F64", 64},    {"U64", 64}, {"I64", 64}, {"C64", 64},    {"F4", 4}};
    for (const auto& [name, bits] : kForeign)
        if (name == entry.foreign_type) return bits;
    return 0;
}

// Whether shape times the element's size are the entry's bytes; not when they do not fit 63 bits.
bool size_fits(const SafetensorsEntry& entry) {
    uint64_t bits = element_bits(entry);
    if (bits == 0) return true;
    for (const int64_t axis : entry.shape) {
        if (__builtin_mul_overflow(bits, static_cast<uint64_t>(axis), &bits)) return false;
    }
    return bits % 8 == 0 && bits / 8 == entry.end - entry.begin;
}

void check_entry(const SafetensorsEntry& entry, uint64_t data_bytes, const std::string& origin) {
    const std::string name = printable(entry.name);
    if (entry.begin > entry.end || entry.end > data_bytes) {
        fail(ErrorCode::invalid_input,
             "{}: tensor {} claims bytes {} to {} of {} bytes of data; the file is damaged or cut short: "
             "download it "
             "again",
             origin, name, entry.begin, entry.end, data_bytes);
    }
    if (!size_fits(entry)) {
        fail(ErrorCode::invalid_input, "{}: tensor {} has {} bytes, which do not fit its shape [{}] of {}",
             origin, name, entry.end - entry.begin, fmt::join(entry.shape, ", "),
             entry.foreign_type.empty() ? source_type_name(entry.type) : printable(entry.foreign_type));
    }
}

// The format allows neither overlaps nor holes: sorted, each tensor starts where the one before it ends.
void check_tiling(const std::vector<SafetensorsEntry>& entries, uint64_t data_bytes,
                  const std::string& origin) {
    uint64_t position = 0;
    const SafetensorsEntry* before = nullptr;
    for (const SafetensorsEntry& entry : entries) {
        if (entry.begin < position) {
            fail(ErrorCode::invalid_input, "{}: tensors {} and {} overlap at data byte {}", origin,
                 printable(before->name), printable(entry.name), entry.begin);
        }
        if (entry.begin > position) {
            fail(ErrorCode::invalid_input, "{}: {} bytes before tensor {} belong to no tensor", origin,
                 entry.begin - position, printable(entry.name));
        }
        position = entry.end;
        before = &entry;
    }
    if (position != data_bytes) {
        fail(ErrorCode::invalid_input, "{}: the last {} bytes belong to no tensor", origin,
             data_bytes - position);
    }
}

}  // namespace

std::vector<SafetensorsEntry> parse_safetensors(std::span<const std::byte> file, const std::string& origin) {
    uint64_t header_bytes = 0;
    if (file.size() < kLengthBytes) {
        fail(ErrorCode::invalid_input, "{}: {} bytes are too few for a safetensors file; download it again",
             origin, file.size());
    }
    std::memcpy(&header_bytes, file.data(), kLengthBytes);
    const uint64_t rest = file.size() - kLengthBytes;
    if (header_bytes > kMaxHeaderBytes || header_bytes > rest) {
        fail(ErrorCode::invalid_input,
             "{}: the header claims {} bytes, the file has {} (and the format allows {}); it is damaged, cut "
             "short or "
             "no safetensors file",
             origin, header_bytes, rest, kMaxHeaderBytes);
    }
    const std::string_view header(reinterpret_cast<const char*>(file.data()) + kLengthBytes, header_bytes);
    if (header.empty() || header[0] != '{') {
        fail(ErrorCode::invalid_input, "{}: the header does not start with '{{'; it is no safetensors file",
             origin);
    }
    HeaderReader reader(origin);
    nlohmann::json::sax_parse(header, &reader);
    std::vector<SafetensorsEntry> entries = reader.take();

    const uint64_t data_bytes = rest - header_bytes;
    for (const SafetensorsEntry& entry : entries)
        check_entry(entry, data_bytes, origin);
    // By name last, so that empty tensors at one place have a stable order.
    std::sort(entries.begin(), entries.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
        return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    check_tiling(entries, data_bytes, origin);
    for (SafetensorsEntry& entry : entries) {
        entry.begin += kLengthBytes + header_bytes;
        entry.end += kLengthBytes + header_bytes;
    }
    return entries;
}

}  // namespace ovenbird
