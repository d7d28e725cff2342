#include "bake/source/gguf_metadata.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>
#include <string>

#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

// A process whose numbers have a decimal comma, as a program that uses the library may have asked for. Where
// no such locale is installed it is made.
class WithDecimalComma {
public:
    WithDecimalComma() {
        for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"})
            if (std::setlocale(LC_NUMERIC, name) != nullptr) return;
        const std::string made = (folder_.path() / "comma").string();
        const std::string command = "localedef -c -i de_DE -f UTF-8 '" + made + "' >/dev/null 2>&1";
        if (std::system(command.c_str()) != 0) return;
        ::setenv("LOCPATH", folder_.path().c_str(), 1);
        std::setlocale(LC_NUMERIC, "comma");
    }
    ~WithDecimalComma() {
        std::setlocale(LC_NUMERIC, "C");
        ::unsetenv("LOCPATH");
    }
    WithDecimalComma(const WithDecimalComma&) = delete;
    WithDecimalComma& operator=(const WithDecimalComma&) = delete;

private:
    SourceFolder folder_;
};

TEST(GgufMetadata, FloatsAreWhatAPersonWouldHaveWritten) {
    GgufMetadata metadata("m.gguf");
    metadata.insert("small", 1e-5F);
    metadata.insert("theta", 500000.0F);
    metadata.insert("scale", 0.22F);
    const auto check = [&] {
        EXPECT_EQ(metadata.number("small"), 1e-5);
        EXPECT_EQ(metadata.number("theta"), 500000.0);
        EXPECT_EQ(metadata.number("scale"), 0.22);
    };
    check();
    const WithDecimalComma comma;
    RecordProperty("decimal_point", std::localeconv()->decimal_point);
    check();
}

}  // namespace
}  // namespace ovenbird
