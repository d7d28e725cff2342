// stream FOLDER TEXT: prints an answer as it comes, and stops it after a second.
#include <chrono>
#include <iostream>
#include <thread>

#include "ovenbird/session.hpp"

int main(int argc, char** argv) try {
    if (argc != 3) return std::cerr << "usage: stream FOLDER TEXT\n", 2;
    ovenbird::Session session(argv[1]);
    std::thread clock([&] {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        session.cancel();
    });
    const auto reply = session.chat(argv[2], {}, [](const std::string& text) {
        std::cout << text << std::flush;
        return true;
    });
    clock.join();
    std::cout << "\n" << reply.tokens.size() << " tokens\n";
} catch (const ovenbird::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
