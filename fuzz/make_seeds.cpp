// Writes small well-formed files for the fuzzers to start from: make_seeds FOLDER.

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

template <typename T>
std::string raw(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

std::string text(std::string_view value) {
    return raw(uint64_t{value.size()}) + std::string(value);
}

std::string pair_u32(std::string_view key, uint32_t value) {
    return text(key) + raw(uint32_t{4}) + raw(value);
}
std::string pair_f32(std::string_view key, float value) {
    return text(key) + raw(uint32_t{6}) + raw(value);
}
std::string pair_text(std::string_view key, std::string_view value) {
    return text(key) + raw(uint32_t{8}) + text(value);
}
std::string pair_texts(std::string_view key, const std::vector<std::string>& values) {
    std::string list = text(key) + raw(uint32_t{9}) + raw(uint32_t{8}) + raw(uint64_t{values.size()});
    for (const auto& value : values)
        list += text(value);
    return list;
}

// A llama of one tensor with a tokenizer of three tokens; `second` is the list that belongs to the tokenizer.
std::string gguf(uint32_t version, const std::string& model, const std::string& second) {
    const std::vector<std::string> pairs{
        pair_text("general.architecture", "llama"),
        pair_u32("llama.block_count", 1),
        pair_u32("llama.context_length", 16),
        pair_u32("llama.embedding_length", 32),
        pair_u32("llama.feed_forward_length", 32),
        pair_u32("llama.attention.head_count", 1),
        pair_f32("llama.attention.layer_norm_rms_epsilon", 1e-5F),
        pair_text("tokenizer.ggml.model", model),
        pair_text("tokenizer.ggml.pre", "smollm"),
        pair_texts("tokenizer.ggml.tokens", {"a", "b", "ab"}),
        second,
        pair_u32("tokenizer.ggml.eos_token_id", 2),
        pair_u32("general.alignment", 32),
    };
    std::string file = "GGUF" + raw(version) + raw(uint64_t{2}) + raw(uint64_t{pairs.size()});
    for (const auto& entry : pairs)
        file += entry;
    file += text("token_embd.weight") + raw(uint32_t{2}) + raw(uint64_t{32}) + raw(uint64_t{3}) +
            raw(uint32_t{2}) + raw(uint64_t{0});
    file += text("blk.0.attn_q.weight") + raw(uint32_t{1}) + raw(uint64_t{4}) + raw(uint32_t{0}) +
            raw(uint64_t{64});
    file.resize((file.size() + 31) / 32 * 32);
    return file + std::string(64 + 16, '\x01');
}

// The second of three parts, without any other metadata: a tensor of each type that is stored in blocks.
std::string gguf_part() {
    struct Type {
        uint32_t number;
        size_t elements;
        size_t bytes;
    };
    constexpr Type kTypes[] = {
        {2, 32, 18},    {3, 32, 20},    {6, 32, 22},    {7, 32, 24},    {8, 32, 34},   {10, 256, 84},
        {11, 256, 110}, {12, 256, 144}, {13, 256, 176}, {14, 256, 210}, {16, 256, 66}, {17, 256, 74},
        {18, 256, 98},  {19, 256, 50},  {20, 32, 18},   {21, 256, 110}, {22, 256, 82}, {23, 256, 136},
        {29, 256, 56},  {34, 256, 54},  {35, 256, 66},  {39, 32, 17},   {40, 64, 36},
    };
    std::string file = "GGUF" + raw(uint32_t{3}) + raw(uint64_t{std::size(kTypes)}) + raw(uint64_t{3}) +
                       pair_u32("split.no", 1) + pair_u32("split.count", 3) +
                       pair_u32("split.tensors.count", 40);
    std::string data;
    for (const Type& type : kTypes) {
        file += text("t" + std::to_string(type.number)) + raw(uint32_t{1}) + raw(uint64_t{type.elements}) +
                raw(type.number) + raw(uint64_t{data.size()});
        data += std::string(type.bytes, '\x35');
        data.resize((data.size() + 31) / 32 * 32);
    }
    file.resize((file.size() + 31) / 32 * 32);
    return file + data;
}

std::string safetensors() {
    const std::string header =
        R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
        R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},"c":{"dtype":"F16","shape":[0],"data_offsets":[12,12]}})";
    return raw(uint64_t{header.size()}) + header + std::string(12, '\x01');
}

// A piece is a message in a message: text, score, kind.
std::string spm_piece(std::string_view piece, float score, char kind) {
    const std::string message = "\x0A" + std::string(1, static_cast<char>(piece.size())) +
                                std::string(piece) + "\x15" + raw(score) + "\x18" + kind;
    return "\x0A" + std::string(1, static_cast<char>(message.size())) + message;
}

std::string spm() {
    const std::string trainer("\x12\x02\x18\x02", 4);  // BPE
    return spm_piece("<unk>", 0, 2) + spm_piece("ab", -1, 1) + spm_piece("a", -2, 1) + spm_piece("b", -3, 1) +
           trainer;
}

// A request of each API, and messages of the worker, behind the byte that says which.
std::vector<std::string> requests() {
    const std::string tool = R"({"type":"function","function":{"name":"f","parameters":{"type":"object"}}})";
    const std::string messages =
        R"("model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}])";
    return {
        "0{" + messages + R"(,"tools":[)" + tool +
            R"(],"tool_choice":"required","logit_bias":{"5":1},"stop":["a"],"n":2})",
        R"(1{"model":"m","prompt":["a"],"max_tokens":3,"echo":false,"logprobs":2,"seed":1})",
        R"(2{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"u"}]}],"text":{"format":{"type":"json_schema","name":"n","schema":{}}}})",
        R"(3{"model":"m","max_tokens":4,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"i","content":"c"}]}],"tools":[{"name":"f","input_schema":{}}]})",
        "4{" + messages +
            R"(,"options":{"num_predict":2,"seed":3},"format":"json","keep_alive":"5m","think":"low"})",
        R"(5{"model":"m","prompt":"p","raw":true,"options":{"stop":["x"]}})",
        R"(6{"is":"piece","ids":[1,2],"text":"t","thinking":"","notes":[]})",
        R"(6{"is":"alive","computed_tokens":3})",
        R"(7{"folder":"f","tokenizer":"","chat_template":"","devices":["CPU"],"properties":{},"compiled_cache":"","form":0,"validate":null})",
    };
}

void write(const fs::path& path, const std::string& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) return 2;
    const fs::path folder = arguments[1];
    const std::string merges = pair_texts("tokenizer.ggml.merges", {"a b"});
    std::string scores =
        text("tokenizer.ggml.scores") + raw(uint32_t{9}) + raw(uint32_t{6}) + raw(uint64_t{3});
    for (const float score : {-1.0F, -2.0F, -3.0F})
        scores += raw(score);
    write(folder / "gguf" / "byte_level", gguf(3, "gpt2", merges));
    write(folder / "gguf" / "sentencepiece", gguf(2, "llama", scores));
    write(folder / "gguf" / "part", gguf_part());
    write(folder / "safetensors" / "three", safetensors());
    write(folder / "spm" / "four", spm());
    for (size_t i = 0; const auto& request : requests())
        write(folder / "requests" / std::to_string(i++), request);
    return 0;
}
