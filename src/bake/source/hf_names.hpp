#pragma once
// Tensor names with one prefix "model." too few or too many, as transformers reads them.

#include <cstddef>
#include <string>

namespace ovenbird {

/// A checkpoint of the bare decoder has "layers.0…" where the language model has "model.layers.0…"; one that
/// was wrapped has "model.model.layers.0…" and "model.lm_head.weight". transformers' base_model_prefix adds
/// or removes one "model." where that gives a name that the model has; so does this, and no more: other
/// prefixes
/// ("language_model.model.") belong to other models.
class PrefixRule {
public:
    /// The name that the decoder knows; the name itself where no rule fits.
    std::string usual_name(const std::string& name);
    /// What was changed, for the plan's notes; empty: nothing.
    std::string note() const;

private:
    size_t added_ = 0;
    size_t removed_ = 0;
    std::string first_;
};

/// For a model that has a language model beside other parts ("language_model.model.layers.0…", or
/// "model.language_model.layers.0…" as transformers 5 writes it): the name without that prefix; empty where
/// the tensor belongs to another part.
std::string name_in_language_model(const std::string& name);

}  // namespace ovenbird
