#pragma once
// Which files of a repository a bake needs.

#include <string>
#include <vector>

#include "hub/hub.hpp"

namespace ovenbird {

struct FileChoice {
    std::vector<std::string> files;
    std::string source;     // what is baked, below the snapshot: a .gguf file; empty: the snapshot itself
    bool is_baked = false;  // the repository is a folder that ovenbird bake made
    std::vector<std::string> notes;
};

/// A folder that Ovenbird baked, a Hugging Face folder, an OpenVINO IR or a GGUF file, in this order.
/// `choice` names a GGUF file or its quantisation; without one, of several that which keeps most of the model
/// for its size is taken, and a note lists them. A file in parts is one file. Errors: not_found (`choice`
/// fits none, or several: they are listed), unsupported (nothing of these kinds is there: what is, and what
/// would help).
FileChoice choose_files(const RepoListing& listing, const std::string& choice);

/// Only what a tokenizer needs: for --tokenizer-id.
FileChoice choose_text_files(const RepoListing& listing);

}  // namespace ovenbird
