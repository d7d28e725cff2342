#pragma once
// The forms of a baked decoder: which kinds of graphs a folder holds, and which one is run.

namespace ovenbird {

enum class Form {
    window,   // static [1, N], no cache: the whole window for every token
    dynamic,  // stateful, dynamic shapes: for devices that take them
    whole,    // static with a cache, all layers in one graph
    folded,   // static with a cache, one graph of a layer that is run for each
    vectors,  // of an embedder: static, one graph for each length of text
};

constexpr const char* form_name(Form form) {
    switch (form) {
        case Form::window:
            return "window";
        case Form::dynamic:
            return "dynamic";
        case Form::whole:
            return "whole";
        case Form::folded:
            return "folded";
        case Form::vectors:
            return "vectors";
    }
    return "window";
}

}  // namespace ovenbird
