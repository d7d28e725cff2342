#include "bake/arch/rope_config.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/error.hpp"

namespace ovenbird {
namespace {

using Scaling = RopeConfig::Scaling;

// What transformers reads for one scaling or another, and what is known to change nothing for text alone.
constexpr std::array<std::string_view, 20> kKnownKeys{
    "type",
    "rope_type",
    "rope_theta",
    "factor",
    "original_max_position_embeddings",
    "beta_fast",
    "beta_slow",
    "truncate",
    "attention_factor",
    "mscale",
    "mscale_all_dim",
    "short_factor",
    "long_factor",
    "low_freq_factor",
    "high_freq_factor",
    "finetuned",
    "mrope_section",
    "mrope_interleaved",
    "partial_rotary_factor",
    "apply_yarn_scaling",
};
// Multipliers of older programs: 1 is as if they were not there.
constexpr std::array<std::string_view, 2> kOneKeys{"attn_factor", "extrapolation_factor"};

template <typename List>
bool holds(const List& list, std::string_view key) {
    return std::find(list.begin(), list.end(), key) != list.end();
}

// Columns of a head that are turned; 0: all. As transformers: what stands inside the scaling comes first.
int64_t read_part_of_heads(const JsonObject& config, const JsonObject* scaling,
                           const RopeSurroundings& around) {
    constexpr const char* kKey = "partial_rotary_factor";
    const double outside = config.number_or(kKey, 1.0);
    const double part = scaling == nullptr ? outside : scaling->number_or(kKey, outside);
    if (part == 1.0) return 0;
    if (!around.partial) {
        fail(ErrorCode::unsupported,
             "{}: partial_rotary_factor is {}: only a part of each head is rotated, and Ovenbird rotates "
             "whole heads in this family; bake a model without that key",
             config.origin(), part);
    }
    const bool sound = part > 0 && part < 1;
    const auto turned = static_cast<int64_t>(sound ? part * static_cast<double>(around.head_size) : 0.0);
    if (turned < 2 || turned % 2 != 0) {
        fail(ErrorCode::invalid_input,
             "{}: partial_rotary_factor {} of head_dim {} is {} columns, expected an even number of them",
             config.origin(), part, around.head_size, turned);
    }
    return turned;
}

void refuse_unknown_keys(const JsonObject& scaling) {
    for (const auto& [key, value] : scaling.json().items()) {
        const bool is_one = holds(kOneKeys, key) && value.is_number() && value.get<double>() == 1.0;
        if (holds(kKnownKeys, key) || is_one || value.is_null()) continue;
        fail(ErrorCode::unsupported,
             "{}: the rope scaling has the key '{}' ({}), which Ovenbird does not know and which may change "
             "the result; remove it if the model's own code does not read it",
             scaling.origin(), key, value.dump().substr(0, 60));
    }
}

class RopeReader {
public:
    RopeReader(const JsonObject& config, const JsonObject& scaling, const RopeSurroundings& around)
        : config_(config), scaling_(scaling), around_(around) {}

    RopeConfig read(double theta);

private:
    void read_llama3();
    void read_dynamic();
    void read_yarn();
    void read_longrope();
    void read_proportional();
    std::vector<double> factors(const char* key) const;
    double own_attention_factor(double usual) const;
    // Where there is no factor it is what the context has grown by.
    double factor_or_growth() const {
        return scaling_.number_or("factor", static_cast<double>(around_.max_positions) /
                                                static_cast<double>(rope_.original_context));
    }
    template <typename... Args>
    [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) const {
        fail(ErrorCode::invalid_input, "{}: {}", scaling_.origin(),
             fmt::format(format, std::forward<Args>(args)...));
    }

    const JsonObject& config_;
    const JsonObject& scaling_;
    const RopeSurroundings& around_;
    RopeConfig rope_;
};

RopeConfig RopeReader::read(double theta) {
    rope_.theta = scaling_.number_or("rope_theta", theta);
    refuse_unknown_keys(scaling_);
    const auto type = scaling_.text_or("rope_type", scaling_.text_or("type", "default"));
    if (type == "proportional") {
        read_proportional();
        return rope_;
    }
    rope_.rotary_size = read_part_of_heads(config_, &scaling_, around_);
    if (type == "default") return rope_;
    // As transformers: what stands outside the scaling comes first.
    constexpr const char* kOriginal = "original_max_position_embeddings";
    rope_.original_context =
        config_.integer_or(kOriginal, scaling_.integer_or(kOriginal, around_.max_positions));
    if (rope_.original_context < 1) wrong("{} is {}, expected 1 or more", kOriginal, rope_.original_context);
    if (type == "linear") {
        rope_.scaling = Scaling::linear;
        rope_.factor = scaling_.number("factor");
        rope_.original_context = 0;
    } else if (type == "llama3") {
        read_llama3();
    } else if (type == "dynamic") {
        read_dynamic();
    } else if (type == "yarn") {
        read_yarn();
    } else if (type == "longrope" || type == "gguf_longrope") {
        read_longrope();
    } else if (type == "gguf_factors") {
        rope_.scaling = Scaling::factors;
    } else {
        fail(ErrorCode::unsupported,
             "{}: rope scaling '{}' is not known; known: default, linear, dynamic, yarn, longrope, llama3, "
             "proportional. A newer Ovenbird may know it",
             config_.origin(), type);
    }
    if (!(rope_.factor > 0) || !std::isfinite(rope_.factor))
        wrong("the rope scaling's factor is {}, expected a positive number", rope_.factor);
    return rope_;
}

void RopeReader::read_llama3() {
    rope_.scaling = Scaling::llama3;
    rope_.factor = scaling_.number("factor");
    rope_.low_freq_factor = scaling_.number("low_freq_factor");
    rope_.high_freq_factor = scaling_.number("high_freq_factor");
    if (rope_.low_freq_factor > 0 && rope_.high_freq_factor > rope_.low_freq_factor) return;
    wrong("llama3 rope scaling needs 0 < low_freq_factor < high_freq_factor, not {} and {}",
          rope_.low_freq_factor, rope_.high_freq_factor);
}

void RopeReader::read_dynamic() {
    rope_.scaling = Scaling::dynamic;
    rope_.factor = scaling_.number("factor");
    rope_.original_context = around_.max_positions;  // transformers looks at nothing else
    if (rope_.factor < 1) wrong("the dynamic rope scaling's factor is {}, expected 1 or more", rope_.factor);
    if (rope_.turned_of(around_.head_size) <= 2)
        wrong("dynamic rope scaling needs heads of more than 2 values");
}

void RopeReader::read_yarn() {
    rope_.scaling = Scaling::yarn;
    rope_.factor = factor_or_growth();
    const auto usual = [&](double scale) {
        return rope_.factor <= 1 ? 1.0 : 0.1 * scale * std::log(rope_.factor) + 1.0;
    };
    const double scale = scaling_.number_or("mscale", 0);
    const double scale_of_all = scaling_.number_or("mscale_all_dim", 0);
    const bool both = scale != 0 && scale_of_all != 0;
    rope_.attention_factor = own_attention_factor(both ? usual(scale) / usual(scale_of_all) : usual(1.0));
    // 0 is "not said", as for transformers.
    if (const double fast = scaling_.number_or("beta_fast", 0); fast != 0) rope_.beta_fast = fast;
    if (const double slow = scaling_.number_or("beta_slow", 0); slow != 0) rope_.beta_slow = slow;
    rope_.truncate = scaling_.boolean_or("truncate", true);
    if (rope_.beta_slow > 0 && rope_.beta_fast >= rope_.beta_slow) return;
    wrong("yarn rope scaling needs 0 < beta_slow <= beta_fast, not {} and {}", rope_.beta_slow,
          rope_.beta_fast);
}

void RopeReader::read_longrope() {
    rope_.scaling = Scaling::longrope;
    const double growth = factor_or_growth();
    const auto original = static_cast<double>(rope_.original_context);
    const bool grown = growth > 1 && rope_.original_context > 1;
    rope_.attention_factor =
        own_attention_factor(grown ? std::sqrt(1.0 + std::log(growth) / std::log(original)) : 1.0);
    if (scaling_.text_or("rope_type", "") == "gguf_longrope") return;
    rope_.short_factors = factors("short_factor");
    rope_.long_factors = factors("long_factor");
}

// Which pairs turn is reckoned of the whole head, and so are their frequencies.
void RopeReader::read_proportional() {
    rope_.scaling = Scaling::proportional;
    rope_.factor = scaling_.number_or("factor", 1.0);
    const double part = scaling_.number_or("partial_rotary_factor", 1.0);
    if (!(rope_.factor > 0) || !std::isfinite(rope_.factor))
        wrong("the rope scaling's factor is {}, expected a positive number", rope_.factor);
    const bool sound = part > 0 && part <= 1;
    rope_.turning_pairs = sound ? static_cast<int64_t>(part * static_cast<double>(around_.head_size) / 2) : 0;
    if (rope_.turning_pairs < 1)
        wrong("partial_rotary_factor {} leaves no pair of {} columns that turns, expected more, up to 1",
              part, around_.head_size);
}

std::vector<double> RopeReader::factors(const char* key) const {
    const auto list = scaling_.numbers(key);
    const auto pairs = static_cast<size_t>(std::max<int64_t>(rope_.turned_of(around_.head_size) / 2, 0));
    if (list.size() != pairs)
        wrong("{} lists {} numbers, expected {} (half of what is turned of a head)", key, list.size(), pairs);
    for (const double factor : list)
        if (!(factor > 0) || !std::isfinite(factor))
            wrong("{} holds {}, expected positive numbers", key, factor);
    return list;
}

double RopeReader::own_attention_factor(double usual) const {
    const double factor = scaling_.number_or("attention_factor", usual);
    if (factor > 0 && std::isfinite(factor)) return factor;
    wrong("the rope scaling's attention_factor is {}, expected a positive number", factor);
}

}  // namespace

RopeConfig read_rope(const JsonObject& config, const RopeSurroundings& surroundings) {
    const double theta = config.number_or("rope_theta", surroundings.default_theta);
    const auto read = [&](const JsonObject& scaling) {
        return RopeReader(config, scaling, surroundings).read(theta);
    };
    const auto some = [&](const char* key) {
        auto object = config.object(key);
        return object && !object->json().empty() ? object : std::nullopt;
    };
    const auto old_style = some("rope_scaling");
    const auto new_style = some("rope_parameters");
    if (!old_style && !new_style) {
        RopeConfig plain;
        plain.theta = theta;
        plain.rotary_size = read_part_of_heads(config, nullptr, surroundings);
        return plain;
    }
    const RopeConfig rope = read(new_style ? *new_style : *old_style);
    if (old_style && new_style && !(read(*old_style) == rope)) {
        fail(ErrorCode::invalid_input,
             "{}: rope_scaling and rope_parameters say different things; remove the one that is not meant "
             "(transformers 5 reads rope_scaling first)",
             config.origin());
    }
    return rope;
}

std::string rope_note(const RopeConfig& rope) {
    if (rope.scaling == Scaling::dynamic) {
        if (!rope.is_long()) {
            return fmt::format(
                "dynamic rope scaling: up to {} tokens are baked and the model was trained for {}, so the "
                "unscaled table is right for all of them",
                rope.sequence, rope.original_context);
        }
        return fmt::format(
            "dynamic rope scaling: a static graph has one table, the one for {} tokens; transformers takes "
            "the unscaled one for sequences of up to {}. Bake those with --context and --seq-len of at most "
            "{}",
            rope.sequence, rope.original_context, rope.original_context);
    }
    if (rope.scaling == Scaling::longrope) {
        if (!rope.is_long()) {
            return fmt::format(
                "longrope: up to {} tokens are baked, within the original {}: the short factors",
                rope.sequence, rope.original_context);
        }
        return fmt::format(
            "longrope: up to {} tokens are baked, beyond the original {}: the long factors, for short "
            "sequences too (transformers takes the short ones for those). Bake with --context and --seq-len "
            "of at most {} for the short ones",
            rope.sequence, rope.original_context, rope.original_context);
    }
    return "";
}

}  // namespace ovenbird
