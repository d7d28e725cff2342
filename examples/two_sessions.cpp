// two_sessions FOLDER: two conversations with one model at once, each in a thread of its own.
#include <iostream>
#include <thread>

#include "ovenbird/session.hpp"

int main(int argc, char** argv) try {
    if (argc != 2) return std::cerr << "usage: two_sessions FOLDER\n", 2;
    ovenbird::Session one(argv[1]);
    ovenbird::Session other(argv[1]);
    std::string first;
    std::thread thread(
        [&] { first = one.chat("What is the capital of France?", {.max_new_tokens = 20}).text; });
    const std::string second = other.chat("Name three colours.", {.max_new_tokens = 20}).text;
    thread.join();
    std::cout << first << "\n" << second << "\n";
} catch (const ovenbird::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
