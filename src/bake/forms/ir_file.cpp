#include "bake/forms/ir_file.hpp"

#include <charconv>
#include <map>
#include <openvino/openvino.hpp>
#include <openvino/pass/serialize.hpp>
#include <sstream>
#include <streambuf>

#include "bake/forms/constant_places.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

// Stands in for the .bin file while OpenVINO serialises. Every constant arrives as one write of its own
// memory, so its address tells whether the file already holds it.
class ConstantSink : public std::streambuf {
public:
    explicit ConstantSink(ConstantPlaces& places) : places_(places) {}

    /// The place in the file of what the serialiser believes to be at `position`.
    uint64_t place_of(uint64_t position, uint64_t bytes) const {
        const auto found = placed_.find(position);
        if (found == placed_.end() || found->second.second != bytes) {
            fail(ErrorCode::internal, "OpenVINO refers to constant bytes {}+{} that it did not write",
                 position, bytes);
        }
        return found->second.first;
    }

protected:
    std::streamsize xsputn(const char* data, std::streamsize count) override {
        const auto bytes = static_cast<uint64_t>(count);
        placed_[position_] = {places_.place(reinterpret_cast<const std::byte*>(data), bytes), bytes};
        position_ += bytes;
        return count;
    }
    int_type overflow(int_type value) override {
        const char byte = traits_type::to_char_type(value);
        xsputn(&byte, 1);
        return value;
    }
    pos_type seekoff(off_type offset, std::ios_base::seekdir direction, std::ios_base::openmode) override {
        // Only "where am I" is asked; anything else fails the stream, which write_ir reports.
        if (offset != 0 || direction == std::ios_base::beg) return pos_type(off_type(-1));
        return pos_type(static_cast<off_type>(position_));
    }

private:
    ConstantPlaces& places_;
    uint64_t position_ = 0;
    std::map<uint64_t, std::pair<uint64_t, uint64_t>> placed_;  // position: {offset in the file, bytes}
};

// Counts what would be written.
class CountingSink : public std::streambuf {
public:
    uint64_t bytes() const { return position_; }

protected:
    std::streamsize xsputn(const char*, std::streamsize count) override {
        position_ += static_cast<uint64_t>(count);
        return count;
    }
    int_type overflow(int_type value) override {
        ++position_;
        return traits_type::not_eof(value);
    }
    pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
        return pos_type(static_cast<off_type>(position_));
    }

private:
    uint64_t position_ = 0;
};

// The number inside `name="…"` between begin and end of an XML tag; end on return is one past the digits.
struct Attribute {
    size_t begin = std::string::npos;
    size_t end = std::string::npos;
    uint64_t value = 0;
};

Attribute find_attribute(const std::string& xml, size_t from, size_t to, const std::string& name) {
    Attribute attribute;
    const std::string opening = " " + name + "=\"";
    const size_t at = xml.find(opening, from);
    if (at == std::string::npos || at >= to) return attribute;
    const char* digits = xml.data() + at + opening.size();
    const auto parsed = std::from_chars(digits, xml.data() + to, attribute.value);
    if (parsed.ec != std::errc() || *parsed.ptr != '"') return attribute;
    attribute.begin = at + opening.size();
    attribute.end = static_cast<size_t>(parsed.ptr - xml.data());
    return attribute;
}

// Rewrites the offsets of all constants. Only a constant's <data> has an element_type, an offset and a size.
std::string with_real_offsets(const std::string& xml, const ConstantSink& sink) {
    std::string result;
    result.reserve(xml.size() + xml.size() / 64);
    size_t copied = 0;
    for (size_t at = xml.find("<data "); at != std::string::npos; at = xml.find("<data ", at + 1)) {
        const size_t tag_end = xml.find('>', at);
        const auto offset = find_attribute(xml, at, tag_end, "offset");
        const auto size = find_attribute(xml, at, tag_end, "size");
        const size_t typed = xml.find(" element_type=\"", at);
        if (offset.begin == std::string::npos || size.begin == std::string::npos || typed >= tag_end)
            continue;
        result.append(xml, copied, offset.begin - copied);
        result += std::to_string(sink.place_of(offset.value, size.value));
        copied = offset.end;
    }
    result.append(xml, copied, std::string::npos);
    return result;
}

// The serialiser indents with tabs, a third of what a large graph takes, and puts a blank before "/>" (which
// no value holds: a ">" in one is written "&gt;"). One line a layer stays.
std::string without_indentation(const std::string& xml) {
    constexpr std::string_view kLayerEnd = "</layer>";
    std::string result;
    result.reserve(xml.size());
    bool line_start = true;
    for (const char c : xml) {
        if (line_start && (c == '\t' || c == ' ')) continue;
        line_start = c == '\n';
        if (c == '>' && result.ends_with(" /")) result.erase(result.size() - 2, 1);
        if (!line_start || result.ends_with(kLayerEnd)) result += c;
    }
    return result;
}

}  // namespace

void write_ir(const std::shared_ptr<ov::Model>& model, const std::filesystem::path& xml,
              const std::filesystem::path& bin, std::span<const std::byte> mapped) {
    ConstantPlaces places(bin, mapped);
    ConstantSink sink(places);
    std::ostream bin_stream(&sink);
    std::ostringstream xml_stream;
    try {
        ov::pass::Serialize(xml_stream, bin_stream).run_on_model(model);
    } catch (const ov::Exception& error) {
        fail(ErrorCode::internal, "{}: OpenVINO cannot serialise the graph: {}", xml.string(), error.what());
    }
    if (!bin_stream || !xml_stream) {
        fail(ErrorCode::internal, "{}: OpenVINO's serialiser used its streams in an unknown way",
             xml.string());
    }
    places.append();
    write_file(xml, without_indentation(with_real_offsets(xml_stream.str(), sink)));
}

IrSize size_of_ir(const std::shared_ptr<ov::Model>& model) {
    CountingSink sink;
    std::ostream bin_stream(&sink);
    std::ostringstream xml_stream;
    ov::pass::Serialize(xml_stream, bin_stream).run_on_model(model);
    return {without_indentation(xml_stream.str()).size(), sink.bytes()};
}

ReadModel read_ir(const std::filesystem::path& xml, const std::filesystem::path& bin) {
    ReadModel read;
    read.weights = MappedFile::open(bin);
    const std::string text = read_file(xml);
    const auto bytes = read.weights->bytes();
    // ov::Tensor takes no const memory; an IR's constants are never written to.
    const ov::Tensor tensor(ov::element::u8, {bytes.size()}, const_cast<std::byte*>(bytes.data()));
    try {
        read.model = ov::Core().read_model(text, tensor);
    } catch (const ov::Exception& error) {
        fail(ErrorCode::invalid_input, "{}: OpenVINO cannot read this IR: {}", xml.string(), error.what());
    }
    return read;
}

}  // namespace ovenbird
