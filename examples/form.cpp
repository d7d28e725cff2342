// form FOLDER QUESTION: an answer that is JSON of a given schema, and nothing else.
#include <iostream>

#include "ovenbird/session.hpp"

int main(int argc, char** argv) try {
    if (argc != 3) return std::cerr << "usage: form FOLDER QUESTION\n", 2;
    ovenbird::Session session(argv[1]);
    ovenbird::AskOptions options;
    options.form.json_schema =
        R"({"type": "object", "properties": {"answer": {"type": "string", "maxLength": 40}},
                                   "required": ["answer"], "additionalProperties": false})";
    std::cout << session.chat(argv[2], options).text << "\n";
} catch (const ovenbird::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
