#pragma once
// Dense f32 matrices, row by row, on all cores. Each result is the same for any number of threads: work is
// cut into tiles of fixed sizes, and a tile is computed by one thread.

#include <cstdint>
#include <span>

namespace ovenbird {

/// Threads that may use what is here at once: OpenBLAS has buffers for so many.
inline constexpr unsigned kMostCallers = 32;

/// h += xᵀ x for x [rows, size]; only the upper triangle of h [size, size] is touched.
void add_gram(const float* x, int64_t rows, int64_t size, float* h);

/// c [m, n] += aᵀ b for a [rows, m], b [rows, n].
void add_cross(const float* a, int64_t m, const float* b, int64_t n, int64_t rows, float* c);

/// The lower triangle from the upper one.
void mirror_upper(float* h, int64_t size);

/// Cholesky: the lower triangle of h [size, size] becomes L with h = L Lᵀ; what is above is not touched.
/// False when h is not positive definite; its content is then lost.
bool factorise(float* h, int64_t size);

/// The inverse of the lower triangular l; `inverse` [size, size] has zeros above its diagonal.
void invert_lower(const float* l, int64_t size, float* inverse);

/// x [rows, size] becomes x (L Lᵀ)⁻¹. One thread's work: rows may be shared out.
void solve_rows(const float* l, int64_t size, int64_t rows, float* x);

/// Floating-point operations a second that this machine's cores reach together, in products of matrices.
/// Takes a few hundredths of a second.
double measured_speed();

/// One thread's product: c [m, n] += factor * a [m, k] b [k, n], each with the distance of its rows.
struct Block {
    const float* data;
    int64_t stride;
};
void add_product(Block a, Block b, int64_t m, int64_t n, int64_t k, float factor, float* c, int64_t c_stride);
/// The same with a stored as [k, m].
void add_product_of_transposed(Block a, Block b, int64_t m, int64_t n, int64_t k, float factor, float* c,
                               int64_t c_stride);

}  // namespace ovenbird
