#include "bake/gptq/linear_algebra.hpp"

#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <vector>

#include "base/parallel.hpp"

// LAPACK's own names, as every implementation exports them.
extern "C" void spotrf_(const char* triangle, const int* size, float* matrix, const int* stride, int* info);

namespace ovenbird {
namespace {

constexpr int64_t kTile = 256;

void for_tiles(size_t count, const std::function<void(size_t)>& body) {
    openblas_set_num_threads(1);
    parallel_for(count, body, nullptr, kMostCallers);
}

size_t tiles(int64_t size) {
    return static_cast<size_t>((size + kTile - 1) / kTile);
}

int64_t tile_end(int64_t begin, int64_t size) {
    return std::min(begin + kTile, size);
}

int narrow(int64_t value) {
    return static_cast<int>(value);
}

struct TilePlace {
    int64_t row;
    int64_t column;
};

std::vector<TilePlace> upper_tiles(int64_t size) {
    std::vector<TilePlace> places;
    for (int64_t row = 0; row < size; row += kTile)
        for (int64_t column = row; column < size; column += kTile)
            places.push_back({row, column});
    return places;
}

}  // namespace

void add_product(Block a, Block b, int64_t m, int64_t n, int64_t k, float factor, float* c,
                 int64_t c_stride) {
    if (m == 0 || n == 0 || k == 0) return;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, narrow(m), narrow(n), narrow(k), factor, a.data,
                narrow(a.stride), b.data, narrow(b.stride), 1.0F, c, narrow(c_stride));
}

void add_product_of_transposed(Block a, Block b, int64_t m, int64_t n, int64_t k, float factor, float* c,
                               int64_t c_stride) {
    if (m == 0 || n == 0 || k == 0) return;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, narrow(m), narrow(n), narrow(k), factor, a.data,
                narrow(a.stride), b.data, narrow(b.stride), 1.0F, c, narrow(c_stride));
}

void add_gram(const float* x, int64_t rows, int64_t size, float* h) {
    const auto places = upper_tiles(size);
    for_tiles(places.size(), [&](size_t i) {
        const auto [row, column] = places[i];
        add_product_of_transposed({x + row, size}, {x + column, size}, tile_end(row, size) - row,
                                  tile_end(column, size) - column, rows, 1.0F, h + row * size + column, size);
    });
}

void add_cross(const float* a, int64_t m, const float* b, int64_t n, int64_t rows, float* c) {
    for_tiles(tiles(m) * tiles(n), [&](size_t i) {
        const auto row = static_cast<int64_t>(i / tiles(n)) * kTile;
        const auto column = static_cast<int64_t>(i % tiles(n)) * kTile;
        add_product_of_transposed({a + row, m}, {b + column, n}, tile_end(row, m) - row,
                                  tile_end(column, n) - column, rows, 1.0F, c + row * n + column, n);
    });
}

void mirror_upper(float* h, int64_t size) {
    const auto places = upper_tiles(size);
    for_tiles(places.size(), [&](size_t i) {
        const auto [first_row, first_column] = places[i];
        for (int64_t row = first_row; row < tile_end(first_row, size); ++row)
            for (int64_t column = std::max(first_column, row + 1); column < tile_end(first_column, size);
                 ++column)
                h[column * size + row] = h[row * size + column];
    });
}

bool factorise(float* h, int64_t size) {
    const int stride = narrow(size);
    for (int64_t first = 0; first < size; first += kTile) {
        const int64_t end = tile_end(first, size);
        const int wide = narrow(end - first);
        float* const corner = h + first * size + first;
        int info = 0;
        // LAPACK counts by columns: its upper triangle is the lower one here.
        spotrf_("U", &wide, corner, &stride, &info);
        if (info != 0) return false;
        for (int64_t at = 0; at < end - first; ++at)  // OpenBLAS goes on with what is not a number
            if (!std::isfinite(corner[at * size + at])) return false;
        const size_t below = tiles(size - end);
        for_tiles(below, [&](size_t i) {
            const int64_t row = end + static_cast<int64_t>(i) * kTile;
            cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit,
                        narrow(tile_end(row, size) - row), wide, 1.0F, corner, stride, h + row * size + first,
                        stride);
        });
        std::vector<TilePlace> places;
        for (int64_t row = end; row < size; row += kTile)
            for (int64_t column = end; column <= row; column += kTile)
                places.push_back({row, column});
        for_tiles(places.size(), [&](size_t i) {
            const auto [row, column] = places[i];
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, narrow(tile_end(row, size) - row),
                        narrow(tile_end(column, size) - column), wide, -1.0F, h + row * size + first, stride,
                        h + column * size + first, stride, 1.0F, h + row * size + column, stride);
        });
    }
    return true;
}

void invert_lower(const float* l, int64_t size, float* inverse) {
    for_tiles(tiles(size), [&](size_t i) {
        const int64_t first = static_cast<int64_t>(i) * kTile;
        const int64_t wide = tile_end(first, size) - first;
        for (int64_t row = 0; row < size; ++row)
            std::fill_n(inverse + row * size + first, wide, 0.0F);
        for (int64_t at = first; at < first + wide; ++at)
            inverse[at * size + at] = 1.0F;
        cblas_strsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, narrow(size - first),
                    narrow(wide), 1.0F, l + first * size + first, narrow(size),
                    inverse + first * size + first, narrow(size));
    });
}

void solve_rows(const float* l, int64_t size, int64_t rows, float* x) {
    cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, narrow(rows), narrow(size),
                1.0F, l, narrow(size), x, narrow(size));
    cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, narrow(rows), narrow(size),
                1.0F, l, narrow(size), x, narrow(size));
}

double measured_speed() {
    constexpr int64_t kSize = 512;
    constexpr size_t kTimes = 8;
    const unsigned threads = std::min(worker_count(), kMostCallers);
    const std::vector<float> a(kSize * kSize, 0.5F);
    std::vector<std::vector<float>> products(threads, std::vector<float>(kSize * kSize));
    const auto run = [&] {
        for_tiles(threads, [&](size_t i) {
            for (size_t time = 0; time < kTimes; ++time)
                add_product({a.data(), kSize}, {a.data(), kSize}, kSize, kSize, kSize, 1.0F,
                            products[i].data(), kSize);
        });
    };
    run();  // the first call finds out which processor it is
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    return static_cast<double>(threads * kTimes) * 2.0 * kSize * kSize * kSize / passed.count();
}

}  // namespace ovenbird
