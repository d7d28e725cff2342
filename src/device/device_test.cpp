#include "device/device.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <numeric>

#include "base/error.hpp"
#include "base/test_folder.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

// y = x + x, for two values, or as many as there are: an IR without weights.
std::string doubling_ir(const std::string& length) {
    const auto port = [&](int id, const char* names) {
        return fmt::format("<port id=\"{}\" precision=\"FP32\"{}><dim>{}</dim></port>", id, names, length);
    };
    return fmt::format(
        "<?xml version=\"1.0\"?>\n<net name=\"doubling\" version=\"11\"><layers>"
        "<layer id=\"0\" name=\"x\" type=\"Parameter\" version=\"opset1\"><data shape=\"{0}\" "
        "element_type=\"f32\"/><output>{1}</output></layer>"
        "<layer id=\"1\" name=\"sum\" type=\"Add\" version=\"opset1\"><data "
        "auto_broadcast=\"numpy\"/><input>{2}{3}"
        "</input><output>{4}</output></layer>"
        "<layer id=\"2\" name=\"result\" type=\"Result\" "
        "version=\"opset1\"><input>{2}</input></layer></layers>"
        "<edges><edge from-layer=\"0\" from-port=\"0\" to-layer=\"1\" to-port=\"0\"/>"
        "<edge from-layer=\"0\" from-port=\"0\" to-layer=\"1\" to-port=\"1\"/>"
        "<edge from-layer=\"1\" from-port=\"2\" to-layer=\"2\" to-port=\"0\"/></edges></net>\n",
        length == "-1" ? "?" : length, port(0, " names=\"x\""), port(0, ""), port(1, ""),
        port(2, " names=\"y\""));
}

class DeviceTest : public testing::Test {
protected:
    DeviceTest() {
        write_file(xml_, doubling_ir("2"));
        write_file(any_, doubling_ir("-1"));
    }
    std::unique_ptr<CompiledGraph> doubling_on(const std::string& device, const DeviceOptions& options = {}) {
        return GraphFile(xml_).compile(device, options);
    }
    TestFolder folder_;
    std::filesystem::path xml_ = folder_ / "doubling.xml";
    std::filesystem::path any_ = folder_ / "any.xml";
};

TEST_F(DeviceTest, FirstThatCompilesIsUsedAndOthersSayWhy) {
    std::string used;
    const auto outcome = open_on_first(
        {"NPU", "QPU", "CPU"}, [&](const std::string& device) { used = doubling_on(device)->device(); });
    EXPECT_EQ(used, "CPU");
    ASSERT_EQ(outcome.passed_over.size(), 2U);
    EXPECT_EQ(outcome.passed_over[0].device, "NPU");
    for (const auto& passed : outcome.passed_over) {
        EXPECT_FALSE(passed.reason.empty());
        EXPECT_EQ(passed.reason.find('\n'), std::string::npos);
    }
}

TEST_F(DeviceTest, OneDeviceAloneNeverFallsBack) {
    const auto error = error_of(ErrorCode::device, [&] {
        open_on_first({"QPU"}, [&](const std::string& device) { doubling_on(device); });
    });
    EXPECT_NE(error.find("QPU"), std::string::npos);
}

TEST_F(DeviceTest, UnknownPropertyIsTheDevicesReason) {
    DeviceOptions options;
    options.properties = {{"NO_SUCH_PROPERTY", "1"}};
    const auto error = error_of(ErrorCode::device, [&] {
        open_on_first({"CPU"}, [&](const std::string& device) { doubling_on(device, options); });
    });
    EXPECT_NE(error.find("NO_SUCH_PROPERTY"), std::string::npos) << error;
}

TEST(Device, MissingAndBrokenFiles) {
    error_of(ErrorCode::not_found, [] { compile_file_on("CPU", "no/such.xml", {}); });
    const TestFolder folder;
    const auto path = folder / "broken.xml";
    // Cut off in the middle; what does not even start as an IR must not reach OpenVINO's guessing of formats.
    for (const char* text :
         {"<?xml version=\"1.0\"?>\n<net name=\"m\" version=\"11\">\n<layers>", "GGUF", ""}) {
        write_file(path, text);
        error_of(ErrorCode::invalid_input, [&] { compile_file_on("CPU", path, {}); });
    }
}

TEST_F(DeviceTest, NeverSendsAnotherShapeOrType) {
    const auto compiled = doubling_on("CPU");
    auto& session = *compiled;
    error_of(ErrorCode::internal, [&] { session.set_input("x", Tensor(ElementType::f32, {3})); });
    error_of(ErrorCode::internal, [&] { session.set_input("x", Tensor(ElementType::i64, {2})); });
    error_of(ErrorCode::internal, [&] { session.set_input("z", Tensor(ElementType::f32, {2})); });
    Tensor x(ElementType::f32, {2});
    x.data<float>()[0] = 1.5F;
    x.data<float>()[1] = -2.0F;
    session.set_input("x", x);
    session.infer();
    EXPECT_FLOAT_EQ(session.output("y").data<float>()[0], 3.0F);
    EXPECT_FLOAT_EQ(session.output("y").data<float>()[1], -4.0F);
}

TEST_F(DeviceTest, GraphsOfAnyLengthTakeEachAsItComes) {
    const auto graph = GraphFile(any_).compile("CPU", {});
    EXPECT_EQ(graph->inputs().at(0).shape.text(), "[?]");
    for (const size_t length : {1, 5, 3}) {
        Tensor x(ElementType::f32, {length});
        std::iota(x.data<float>(), x.data<float>() + length, 1.0F);
        graph->set_input("x", x);
        EXPECT_TRUE(graph->infer([] { return false; }));
        const Tensor y = graph->output("y");
        ASSERT_EQ(y.shape(), Shape{length});
        for (size_t i = 0; i < length; ++i)
            EXPECT_FLOAT_EQ(y.data<const float>()[i], 2.0F * static_cast<float>(i + 1));
    }
}

// A server must not take it for a hang.
TEST_F(DeviceTest, CompilingIsToldHoweverItEnds) {
    std::vector<bool> told;
    DeviceOptions options;
    options.on_compiling = [&](bool done) { told.push_back(done); };
    (void)doubling_on("CPU", options);
    EXPECT_EQ(told, (std::vector<bool>{false, true}));
    options.properties = {{"NO_SUCH_PROPERTY", "1"}};
    EXPECT_ANY_THROW((void)doubling_on("CPU", options));
    EXPECT_EQ(told, (std::vector<bool>{false, true, false, true}));
}

TEST_F(DeviceTest, OutputsAreWrittenWhereTheyAreAsked) {
    const auto graph = doubling_on("CPU");
    Tensor x(ElementType::f32, {2});
    Tensor y(ElementType::f32, {2});
    x.data<float>()[0] = 3.0F;
    x.data<float>()[1] = 4.0F;
    graph->set_input("x", x);
    graph->set_output("y", y);
    graph->infer();
    graph->reset_state();  // no effect on a graph without states
    graph->infer();
    EXPECT_FLOAT_EQ(y.data<float>()[1], 8.0F);
    EXPECT_EQ(graph->output("y").data(), y.data());
    error_of(ErrorCode::internal, [&] { (void)y.data<int64_t>(); });
    error_of(ErrorCode::internal, [&] { y.copy_to(Tensor(ElementType::f32, {3})); });
}

// One file compiled once, and requests of it that know nothing of each other.
TEST_F(DeviceTest, RequestsOfOneGraphAreApart) {
    const auto loaded = GraphFile(xml_).load("CPU", {});
    const auto one = loaded->request();
    const auto other = loaded->request();
    Tensor x(ElementType::f32, {2});
    Tensor z(ElementType::f32, {2});
    std::fill_n(x.data<float>(), 2, 1.0F);
    std::fill_n(z.data<float>(), 2, 5.0F);
    one->set_input("x", x);
    other->set_input("x", z);
    one->infer();
    other->infer();
    EXPECT_FLOAT_EQ(one->output("y").data<float>()[0], 2.0F);
    EXPECT_FLOAT_EQ(other->output("y").data<float>()[0], 10.0F);
}

// A name that no code page of Windows has.
TEST_F(DeviceTest, FoldersMayHaveAnyName) {
    const auto folder = folder_ / "Öfen 炉 и печь";
    std::filesystem::create_directories(folder);
    std::filesystem::copy_file(xml_, folder / "grün.xml");
    EXPECT_EQ(GraphFile(folder / "grün.xml").compile("CPU", {})->inputs().size(), 1U);
    EXPECT_EQ(compile_file_on("CPU", folder / "grün.xml", {})->inputs().size(), 1U);
    DeviceOptions options;
    options.cache_folder = folder / "kept";
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(compile_file_on("CPU", folder / "grün.xml", options)->inputs().size(), 1U);
}

TEST(OneLineReason, DropsSourcePositions) {
    EXPECT_EQ(
        one_line_reason(
            "Exception from src/a.cpp:1:\nException from src/b.cpp:2:\nCheck 'x' failed at src/c.cpp:3:\n"
            "to_shape was called on a dynamic shape.\nmore\n"),
        "to_shape was called on a dynamic shape.");
    EXPECT_EQ(one_line_reason(""), "no reason given");
    EXPECT_LE(one_line_reason(std::string(10000, 'x')).size(), 310U);
    std::string bytes = "x";
    while (bytes.size() < 1000)
        bytes += "é";  // 300 bytes end within one
    EXPECT_EQ(one_line_reason(bytes), bytes.substr(0, 299) + "…");
}

TEST(Device, PluginsSayWhatTheySeeOrWhyTheyCannotBeLoaded) {
    const auto plugins = runtime_plugins();
    ASSERT_EQ(plugins.size(), 3);
    EXPECT_EQ(plugins[0].name, "NPU");
    EXPECT_EQ(plugins[2].name, "CPU");
    EXPECT_EQ(plugins[2].fault, "");
    ASSERT_EQ(plugins[2].devices.size(), 1);
    EXPECT_EQ(plugins[2].devices[0].rfind("CPU: ", 0), 0);
    for (const auto& plugin : plugins) {
        // Each one that compile_on() would take is there, and no other.
        size_t visible = 0;
        for (const auto& [device, name] : available_devices())
            visible += device_family(device) == plugin.name ? 1 : 0;
        EXPECT_EQ(plugin.devices.size(), visible) << plugin.name;
    }
}

}  // namespace
}  // namespace ovenbird
