#include "run/host_cache.hpp"

#include <gtest/gtest.h>

namespace ovenbird {
namespace {

TEST(HostCache, RowsMoveWithTheirHeads) {
    HostCache cache(7, [](const auto& type, const auto& shape) { return Tensor(type, shape); });
    cache.add("0.key", 3, 2);
    Tensor fresh(ElementType::f16, {1, 3, 4, 2});
    for (size_t i = 0; i < fresh.size(); ++i)
        fresh.data<Half>()[i] = Half(static_cast<float>(i));
    cache.set_past(0, 4, 0);
    cache.place(0, fresh, 0, 3);
    cache.place(0, fresh, 3, 4);  // does not fit between heads that are 4 rows apart
    const auto expect_rows_at = [&](int64_t past, int64_t rows) {
        const auto* values = cache.view(0, past).data<Half>();
        for (int64_t head = 0; head < 3; ++head) {
            for (int64_t i = 0; i < 2 * rows; ++i) {
                const int64_t row = i / 2 < 3 ? i / 2 : i / 2 - 3;
                EXPECT_EQ(static_cast<float>(values[head * past * 2 + i]),
                          static_cast<float>(head * 8 + row * 2 + i % 2));
            }
        }
    };
    expect_rows_at(7, 7);
    cache.set_past(0, 5, 5);
    expect_rows_at(5, 5);
    cache.set_past(0, 6, 5);
    expect_rows_at(6, 5);
}

}  // namespace
}  // namespace ovenbird
