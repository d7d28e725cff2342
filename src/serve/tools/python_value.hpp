#pragma once
// A literal of Python (text, numbers, True, False, None, lists, tuples, dicts) told as JSON byte by byte.

#include <string>

#include "serve/tools/json_scanner.hpp"

namespace ovenbird {

class PythonValue {
public:
    enum class Step {
        more,
        done,    // with this byte
        before,  // with the byte before this one, which belongs to what follows
        bad,
    };
    /// Adds to `json` what is certain now.
    Step take(char byte, std::string& json);

private:
    enum class Where { value, string, escape, hex, word, behind };
    Step take_value(char byte, std::string& json);
    Step take_string(char byte, std::string& json);
    Step take_word(char byte, std::string& json);
    Step take_behind(char byte, std::string& json);
    Step ended(Step whole);

    Where where_ = Where::value;
    std::string open_;    // '[', '(', and '{' before a key, ':' before a value
    std::string word_;    // a number or a name
    bool empty_ = false;  // the innermost container has nothing yet
    bool comma_ = false;  // one is due before the next value: Python allows one at the end
    char quote_ = '"';
    int hex_digits_ = 0;
};

}  // namespace ovenbird
