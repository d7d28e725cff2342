// bake_and_chat SOURCE FOLDER QUESTION: bakes a model and asks it something.
#include <iostream>

#include "ovenbird/bake.hpp"
#include "ovenbird/session.hpp"

int main(int argc, char** argv) try {
    if (argc != 4) return std::cerr << "usage: bake_and_chat SOURCE FOLDER QUESTION\n", 2;
    ovenbird::BakeOptions options;
    options.source = argv[1];
    options.output = argv[2];
    options.force = true;
    ovenbird::bake(options, nullptr);
    ovenbird::Session session(options.output);
    std::cout << session.chat(argv[3]).text << "\n";
} catch (const ovenbird::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
