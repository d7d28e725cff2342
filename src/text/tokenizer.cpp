#include "text/tokenizer.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "text/chat_template.hpp"
#include "text/declared_tokens.hpp"
#include "text/special_tokens.hpp"
#include "text/tokenizer_state.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

bool fits(int64_t id) {
    return id >= 0 && id <= std::numeric_limits<uint32_t>::max();
}

fs::path tokenizer_file(const fs::path& place) {
    fs::path file = fs::is_directory(place) ? place / "tokenizer.json" : place;
    if (fs::exists(file)) return file;
    for (const char* other : {"tokenizer.model", "tekken.json", "merges.txt"}) {
        if (!fs::exists(file.parent_path() / other)) continue;
        fail(ErrorCode::not_found,
             "{}: there is only a {} here; `ovenbird bake` makes a tokenizer.json of it: name the baked "
             "folder, or "
             "convert it once with transformers: "
             "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)",
             file.string(), other);
    }
    fail(ErrorCode::not_found,
         "{}: no such file; copy the model's tokenizer.json there, or name another folder", file.string());
}

std::optional<int64_t> id_of(const ObTokenizer* handle, std::string_view token) {
    uint32_t id = 0;
    if (!ob_tokenizer_token_to_id(handle, token.data(), token.size(), &id)) return std::nullopt;
    return id;
}

std::optional<int64_t> id_of(const ObTokenizer* handle, const std::optional<std::string>& token) {
    return token ? id_of(handle, std::string_view(*token)) : std::nullopt;
}

struct Ids {
    ~Ids() { ob_ids_free(&ids); }
    ObIds ids{};
};

}  // namespace

uint32_t Tokenizer::State::flags(int64_t id) const {
    return fits(id) ? ob_tokenizer_id_flags(handle.get(), static_cast<uint32_t>(id)) : 0;
}

void Tokenizer::State::add_end(std::optional<int64_t> id) {
    if (id && std::find(eos_ids.begin(), eos_ids.end(), *id) == eos_ids.end()) eos_ids.push_back(*id);
}

std::optional<int64_t> Tokenizer::State::end_of_turn(const fs::path& folder) const {
    std::optional<ChatTemplate> chat;
    try {
        chat = ChatTemplate::load(folder);
    } catch (const Error&) {
        return std::nullopt;  // who asks for the template is told
    }
    const std::string end = chat ? chat->end_of_turn() : "";
    // The whole of it, or its first token: "<|end|>" before "<|endoftext|>".
    const size_t close = end.starts_with('<') ? end.find('>') : std::string::npos;
    for (const std::string_view text :
         {std::string_view(end),
          std::string_view(end).substr(0, close == std::string::npos ? 0 : close + 1)}) {
        const auto id = id_of(handle.get(), text);
        // A token that is a mark by its looks only is taken too: not every file flags its own.
        const bool mark = text.size() > 3 && text.starts_with('<') && text.ends_with('>');
        if (id && (mark || (flags(*id) & OB_ID_SPECIAL) != 0)) return id;
    }
    return std::nullopt;
}

std::string Tokenizer::State::text_of(std::span<const uint32_t> ids, bool skip_special) const {
    BridgeText text, error;
    if (!ob_tokenizer_decode(handle.get(), ids.data(), ids.size(), skip_special, text.out(), error.out())) {
        fail(ErrorCode::invalid_input, "{}: cannot decode ids to text: {}", origin, error.str());
    }
    return text.str();
}

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const fs::path& folder) {
    const fs::path file = tokenizer_file(folder);
    const std::string text = read_file(file);
    const std::string_view json = without_byte_order_mark(text);
    auto state = std::make_unique<State>();
    state->origin = file.string();
    ObTokenizer* handle = nullptr;
    BridgeText error;
    if (!ob_tokenizer_load(json.data(), json.size(), &handle, error.out())) {
        fail(ErrorCode::invalid_input,
             "{}: not a usable tokenizer: {}; copy the file again from where the model came from",
             file.string(), error.str());
    }
    state->handle.reset(handle);
    const std::string declared = read_declared_tokens(file.parent_path()).dump();
    if (!ob_tokenizer_declare(handle, declared.data(), declared.size(), error.out())) {
        fail(ErrorCode::invalid_input,
             "{}: the tokens that tokenizer_config.json and its neighbours declare cannot be added: {}; copy "
             "the "
             "files again from where the model came from",
             file.string(), error.str());
    }

    SpecialTokens special = read_special_tokens(file.parent_path());
    const std::optional<int64_t> eos_id = id_of(handle, special.eos);
    state->eos_ids = std::move(special.eos_ids);
    state->add_end(eos_id);
    state->add_end(state->end_of_turn(file.parent_path()));
    if (const auto own = id_of(handle, special.pad)) {
        state->pad_id = *own;
    } else if (eos_id) {
        state->pad_id = *eos_id;
    } else if (!state->eos_ids.empty()) {
        state->pad_id = state->eos_ids.front();
    }
    state->bos = std::move(special.bos);
    state->eos = std::move(special.eos);
    return Tokenizer(std::move(state));
}

std::vector<int64_t> Tokenizer::encode(std::string_view text, bool add_special) const {
    Ids ids;
    BridgeText error;
    if (!ob_tokenizer_encode(state_->handle.get(), text.data(), text.size(), add_special, &ids.ids,
                             error.out())) {
        fail(ErrorCode::invalid_input, "cannot encode the text with {}: {}", state_->origin, error.str());
    }
    return {ids.ids.data, ids.ids.data + ids.ids.size};
}

std::string Tokenizer::decode(const std::vector<int64_t>& ids, bool skip_special) const {
    std::vector<uint32_t> known;
    known.reserve(ids.size());
    for (int64_t id : ids) {
        if (state_->flags(id) == 0) {
            fail(ErrorCode::invalid_input, "{}: no token has the id {} (ids end at {})", state_->origin, id,
                 id_limit() - 1);
        }
        known.push_back(static_cast<uint32_t>(id));
    }
    return state_->text_of(known, skip_special);
}

int64_t Tokenizer::id_limit() const {
    return static_cast<int64_t>(ob_tokenizer_id_limit(state_->handle.get()));
}

std::optional<int64_t> Tokenizer::token_to_id(std::string_view token) const {
    return id_of(state_->handle.get(), token);
}

std::optional<std::string> Tokenizer::id_to_token(int64_t id) const {
    BridgeText token;
    if (!fits(id) ||
        !ob_tokenizer_id_to_token(state_->handle.get(), static_cast<uint32_t>(id), token.out())) {
        return std::nullopt;
    }
    return token.str();
}

bool Tokenizer::is_special(int64_t id) const {
    return (state_->flags(id) & OB_ID_SPECIAL) != 0;
}

std::optional<std::string> Tokenizer::bos_token() const {
    return state_->bos;
}
std::optional<std::string> Tokenizer::eos_token() const {
    return state_->eos;
}
int64_t Tokenizer::pad_id() const {
    return state_->pad_id;
}
const std::vector<int64_t>& Tokenizer::eos_ids() const {
    return state_->eos_ids;
}

}  // namespace ovenbird
