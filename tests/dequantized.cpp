// dequantized FILE.gguf VALUES: every tensor of the file, in the order of their bytes, as f32 into VALUES.
// For test_gguf_types.py.

#include <cstdio>
#include <fstream>
#include <vector>

#include "bake/source/dequantize.hpp"
#include "bake/source/gguf_header.hpp"
#include "base/error.hpp"
#include "base/platform/mapped_file.hpp"

int main(int count, char** arguments) {
    if (count != 3) return 2;
    try {
        const auto map = ovenbird::MappedFile::open(arguments[1]);
        std::ofstream out(arguments[2], std::ios::binary);
        for (const auto& tensor : ovenbird::parse_gguf(map->bytes(), arguments[1]).tensors) {
            int64_t elements = 1;
            for (const int64_t axis : tensor.shape)
                elements *= axis;
            std::vector<float> values(static_cast<size_t>(elements));
            ovenbird::dequantize(tensor.type, map->bytes().data() + tensor.begin, elements, values.data());
            out.write(reinterpret_cast<const char*>(values.data()),
                      static_cast<std::streamsize>(values.size() * sizeof(float)));
        }
        return out.flush() ? 0 : 1;
    } catch (const ovenbird::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
