#include "bake/source/gguf_rope.hpp"

#include <cmath>

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

class GgufRope {
public:
    GgufRope(const GgufMetadata& metadata, const std::string& architecture)
        : metadata_(metadata), prefix_(architecture + ".rope.") {}

    Json make(const GgufRopeTensors& tensors) const;

private:
    std::optional<double> number(const char* name) const { return metadata_.number(prefix_ + name); }
    void refuse_unless(const char* name, double neutral) const;
    void copy(Json& scaling, const char* name, const char* key) const {
        if (const auto value = number(name)) scaling[key] = *value;
    }
    Json yarn(double factor) const;
    Json longrope(const GgufRopeTensors& tensors) const;
    void add_original_context(Json& scaling) const;

    const GgufMetadata& metadata_;
    std::string prefix_;
};

// A value that multiplies, adds or mixes: one that is not the neutral one changes the result.
void GgufRope::refuse_unless(const char* name, double neutral) const {
    const double value = number(name).value_or(neutral);
    if (value == neutral) return;
    fail(ErrorCode::unsupported,
         "{}: metadata {}{} is {}, a kind of rope scaling that Ovenbird does not know; bake the Hugging Face "
         "folder that the file was made from",
         metadata_.origin(), prefix_, name, value);
}

void GgufRope::add_original_context(Json& scaling) const {
    if (const auto tokens = metadata_.integer(prefix_ + "scaling.original_context_length");
        tokens && *tokens > 0)
        scaling["original_max_position_embeddings"] = *tokens;
}

Json GgufRope::yarn(double factor) const {
    refuse_unless("scaling.yarn_ext_factor", 1.0);
    Json scaling{{"rope_type", "yarn"}, {"factor", factor}};
    add_original_context(scaling);
    copy(scaling, "scaling.yarn_beta_fast", "beta_fast");
    copy(scaling, "scaling.yarn_beta_slow", "beta_slow");
    // The converter's yarn_attn_factor is config.json's attention_factor; llama.cpp multiplies the usual one
    // by attn_factor, and takes yarn_log_multiplier for mscale_all_dim, beside an mscale of 1.
    const auto own = number("scaling.yarn_attn_factor");
    const double multiplier = number("scaling.attn_factor").value_or(1.0);
    const double log_multiplier = number("scaling.yarn_log_multiplier").value_or(0.0);
    if (own) {
        scaling["attention_factor"] = *own * multiplier;
    } else if (multiplier != 1.0) {
        const auto usual = [&](double scale) {
            return factor <= 1 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0;
        };
        scaling["attention_factor"] =
            multiplier * usual(1.0) / (log_multiplier == 0 ? 1.0 : usual(log_multiplier));
    } else if (log_multiplier != 0) {
        scaling["mscale"] = 1.0;
        scaling["mscale_all_dim"] = log_multiplier;
    }
    return scaling;
}

Json GgufRope::longrope(const GgufRopeTensors& tensors) const {
    if (!tensors.both_lists) {
        fail(ErrorCode::invalid_input,
             "{}: {}scaling.type is longrope, but rope_factors_short.weight or rope_factors_long.weight is "
             "missing; convert or download the file again",
             metadata_.origin(), prefix_);
    }
    Json scaling{{"rope_type", "gguf_longrope"}};
    add_original_context(scaling);
    scaling["attention_factor"] = number("scaling.attn_factor").value_or(1.0);
    return scaling;
}

Json GgufRope::make(const GgufRopeTensors& tensors) const {
    std::string type(metadata_.text(prefix_ + "scaling.type").value_or(""));
    double factor = number("scaling.factor").value_or(0);
    if (factor == 0) factor = number("scale_linear").value_or(0);
    // llama.cpp divides by the lists wherever they are; Phi's files do not say "longrope".
    if ((type.empty() || type == "none") && tensors.both_lists) type = "longrope";
    if (type.empty()) type = factor != 0 && factor != 1 ? "linear" : "none";
    refuse_unless("scaling.alpha", 0.0);
    const bool known = type == "none" || type == "linear" || type == "yarn" || type == "longrope";
    if (!known || (type != "none" && tensors.freqs)) {
        fail(ErrorCode::unsupported,
             "{}: rope scaling '{}'{} is not known; known: none, linear, yarn, longrope, rope_freqs.weight. "
             "Bake the Hugging Face folder that the file was made from",
             metadata_.origin(), printable(type), tensors.freqs ? " together with rope_freqs.weight" : "");
    }
    if (type == "longrope") return longrope(tensors);
    if (type == "yarn") return yarn(factor == 0 ? 1.0 : factor);
    refuse_unless("scaling.attn_factor", 1.0);
    if (tensors.freqs) return {{"rope_type", "gguf_factors"}};
    if (type == "linear") return {{"rope_type", "linear"}, {"factor", factor}};
    return nullptr;
}

}  // namespace

Json gguf_rope_scaling(const GgufMetadata& metadata, const std::string& architecture,
                       const GgufRopeTensors& tensors) {
    return GgufRope(metadata, architecture).make(tensors);
}

}  // namespace ovenbird
