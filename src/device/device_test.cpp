#include "device/device.hpp"
#include "device/models.hpp"

#include <gtest/gtest.h>

#include <openvino/op/ops.hpp>

#include "base/error.hpp"
#include "base/test_folder.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

std::shared_ptr<ov::Model> doubling_model() {
    const auto x = std::make_shared<ov::op::v0::Parameter>(ov::element::f32, ov::PartialShape{2});
    x->get_output_tensor(0).set_names({"x"});
    const auto two = ov::op::v0::Constant::create(ov::element::f32, {1}, {2.0F});
    const auto result = std::make_shared<ov::op::v0::Result>(std::make_shared<ov::op::v1::Multiply>(x, two));
    result->get_output_tensor(0).set_names({"y"});
    return std::make_shared<ov::Model>(ov::ResultVector{result}, ov::ParameterVector{x});
}

TEST(Device, FirstThatCompilesIsUsedAndOthersSayWhy) {
    std::string used;
    const auto outcome = open_on_first({"NPU", "QPU", "CPU"}, [&](const std::string& device) {
        used = compile_on(device, doubling_model(), {})->device();
    });
    EXPECT_EQ(used, "CPU");
    ASSERT_EQ(outcome.passed_over.size(), 2U);
    EXPECT_EQ(outcome.passed_over[0].device, "NPU");
    for (const auto& passed : outcome.passed_over) {
        EXPECT_FALSE(passed.reason.empty());
        EXPECT_EQ(passed.reason.find('\n'), std::string::npos);
    }
}

TEST(Device, OneDeviceAloneNeverFallsBack) {
    const auto error = error_of(ErrorCode::device, [&] {
        open_on_first({"QPU"}, [](const std::string& device) { compile_on(device, doubling_model(), {}); });
    });
    EXPECT_NE(error.find("QPU"), std::string::npos);
}

TEST(Device, UnknownPropertyIsTheDevicesReason) {
    DeviceOptions options;
    options.properties = {{"NO_SUCH_PROPERTY", "1"}};
    const auto error = error_of(ErrorCode::device, [&] {
        open_on_first({"CPU"},
                      [&](const std::string& device) { compile_on(device, doubling_model(), options); });
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

TEST(CompiledGraph, NeverSendsAnotherShapeOrType) {
    const auto compiled = compile_on("CPU", doubling_model(), {});
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
