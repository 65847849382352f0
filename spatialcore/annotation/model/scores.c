/* Decision scores of sparse cells: out = minimum(x, cap) @ weights + offset, one pass over the stored values.
 *
 * weights is genes x classes, so a gene of a cell is a row that is read straight through while the cell's scores stay in
 * the first cache; four genes at once, since each visit of the scores costs as much as a gene. A table that is larger than
 * the second cache is read in parts, each by many cells before the next one; genes should ascend in a cell, those that do
 * not are read with the last part. Returns 0, or the number (from 1) of the first row that names a gene beyond n_genes.
 */
#include <stdint.h>

/* One copy for wide vectors, one for narrower ones, one for any processor; the loader of the program takes the best. All
 * give the same results: each class is summed for itself, and hatch_build.py compiles without fused multiply-adds.
 */
#ifdef MANY_PROCESSORS
#define EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EACH_PROCESSOR
#endif

#define CAPPED(x, most) ((most) < (x) ? (most) : (x))
#define ROWS_AT_ONCE 256
#define PART_BYTES 196608

#define SCORES(NAME, INDEX, VALUE, REAL)                                                                             \
    EACH_PROCESSOR                                                                                                   \
    int64_t NAME(int64_t n_rows, int64_t n_genes, int64_t n_classes, const INDEX *restrict indptr,                   \
                 const INDEX *restrict indices, const VALUE *restrict values, const REAL *restrict weights,          \
                 const REAL *restrict offset, const REAL *restrict cap, REAL *restrict out)                          \
    {                                                                                                                \
        const int64_t fitting = PART_BYTES / (int64_t)sizeof(REAL) / (n_classes ? n_classes : 1);                    \
        const int64_t step = n_genes <= 2 * fitting || !fitting ? n_genes : fitting;                                 \
        for (int64_t top = 0; top < n_rows; top += ROWS_AT_ONCE) {                                                   \
            const int64_t bottom = top + ROWS_AT_ONCE < n_rows ? top + ROWS_AT_ONCE : n_rows;                        \
            int64_t reached[ROWS_AT_ONCE];                                                                           \
            for (int64_t row = top; row < bottom; ++row) {                                                           \
                int beyond = 0;                                                                                      \
                for (int64_t place = indptr[row]; place < indptr[row + 1]; ++place)                                  \
                    beyond |= (indices[place] < 0) | (indices[place] >= (INDEX)n_genes);                             \
                if (beyond)                                                                                          \
                    return row + 1;                                                                                  \
                for (int64_t k = 0; k < n_classes; ++k)                                                              \
                    out[row * n_classes + k] = offset[k];                                                            \
                reached[row - top] = indptr[row];                                                                    \
            }                                                                                                        \
            for (int64_t limit = step, is_last = 0; !is_last; limit += step) {                                       \
                is_last = limit >= n_genes;                                                                          \
                for (int64_t row = top; row < bottom; ++row) {                                                       \
                    REAL *restrict score = out + row * n_classes;                                                    \
                    int64_t at = reached[row - top], end = is_last ? indptr[row + 1] : at;                           \
                    if (!is_last)                                                                                    \
                        while (end < indptr[row + 1] && indices[end] < (INDEX)limit)                                 \
                            ++end;                                                                                   \
                    reached[row - top] = end;                                                                        \
                    for (; at + 4 <= end; at += 4) {                                                                 \
                        const REAL *from[4];                                                                         \
                        REAL value[4];                                                                               \
                        for (int i = 0; i < 4; ++i) {                                                                \
                            const int64_t gene = indices[at + i];                                                    \
                            const REAL stored = (REAL)values[at + i];                                                \
                            value[i] = CAPPED(stored, cap[gene]);                                                    \
                            from[i] = weights + gene * n_classes;                                                    \
                        }                                                                                            \
                        const REAL *restrict a = from[0], *restrict b = from[1], *restrict c = from[2],              \
                                             *restrict d = from[3];                                                  \
                        for (int64_t k = 0; k < n_classes; ++k)                                                      \
                            score[k] += value[0] * a[k] + value[1] * b[k] + value[2] * c[k] + value[3] * d[k];       \
                    }                                                                                                \
                    for (; at < end; ++at) {                                                                         \
                        const int64_t gene = indices[at];                                                            \
                        const REAL stored = (REAL)values[at];                                                        \
                        const REAL value = CAPPED(stored, cap[gene]);                                                \
                        const REAL *restrict a = weights + gene * n_classes;                                         \
                        for (int64_t k = 0; k < n_classes; ++k)                                                      \
                            score[k] += value * a[k];                                                                \
                    }                                                                                                \
                }                                                                                                    \
            }                                                                                                        \
        }                                                                                                            \
        return 0;                                                                                                    \
    }

SCORES(scores_int32_float32, int32_t, float, double)
SCORES(scores_int32_float64, int32_t, double, double)
SCORES(scores_int64_float32, int64_t, float, double)
SCORES(scores_int64_float64, int64_t, double, double)
SCORES(single_scores_int32_float32, int32_t, float, float)
SCORES(single_scores_int32_float64, int32_t, double, float)
SCORES(single_scores_int64_float32, int64_t, float, float)
SCORES(single_scores_int64_float64, int64_t, double, float)

/* One step of the fit of a logistic regression in single precision: the scores of some cells, and what their residuals
 * add to the gradient of the weights. The values are stored by gene: the weights or the gradient of a gene stay in the
 * registers while the cells' scores or residuals are read from the second cache, whatever the number of genes. n_classes
 * is a multiple of 8, 24 at least, and taken in parts of 24, 32 or 40, whose loops the compiler unrolls; loops of 16 and
 * fewer it does not vectorize. The rows were checked.
 */
#define WIDEST 40
#define INLINED static inline __attribute__((always_inline))

INLINED void part_of_scores(int64_t n_genes, int64_t n_classes, int64_t first, const int width, const int32_t *starts,
                            const uint16_t *rows, const float *values, const float *weights, float *out)
{
    for (int64_t gene = 0; gene < n_genes; ++gene) {
        if (starts[gene] == starts[gene + 1])
            continue;
        float of_gene[WIDEST];
        for (int k = 0; k < width; ++k)
            of_gene[k] = weights[gene * n_classes + first + k];
        for (int32_t at = starts[gene]; at < starts[gene + 1]; ++at) {
            const float value = values[at];
            float *score = out + rows[at] * n_classes + first;
            for (int k = 0; k < width; ++k)
                score[k] += value * of_gene[k];
        }
    }
}

INLINED void part_of_gradient(int64_t n_genes, int64_t n_classes, int64_t first, const int width, const int32_t *starts,
                              const uint16_t *rows, const float *values, const float *residual, float *gradient)
{
    for (int64_t gene = 0; gene < n_genes; ++gene) {
        int32_t at = starts[gene];
        const int32_t end = starts[gene + 1];
        if (at == end)
            continue;
        float even[WIDEST] = {0}, odd[WIDEST] = {0};
        for (; at + 2 <= end; at += 2) {
            const float value = values[at], next = values[at + 1];
            const float *a = residual + rows[at] * n_classes + first, *b = residual + rows[at + 1] * n_classes + first;
            for (int k = 0; k < width; ++k)
                even[k] += value * a[k];
            for (int k = 0; k < width; ++k)
                odd[k] += next * b[k];
        }
        if (at < end) {
            const float value = values[at];
            const float *a = residual + rows[at] * n_classes + first;
            for (int k = 0; k < width; ++k)
                even[k] += value * a[k];
        }
        float *to = gradient + gene * n_classes + first;
        for (int k = 0; k < width; ++k)
            to[k] += even[k] + odd[k];
    }
}

#define FIT(NAME, PART)                                                                                              \
    EACH_PROCESSOR                                                                                                   \
    void NAME(int64_t n_genes, int64_t n_classes, const int32_t *starts, const uint16_t *rows, const float *values,  \
              const float *from, float *to)                                                                          \
    {                                                                                                                \
        for (int64_t first = 0; first < n_classes;) {                                                                \
            const int64_t left = n_classes - first;                                                                  \
            const int64_t width = left == 48 ? 24 : left == 56 || left == 32 ? 32 : left < 40 ? 24 : 40;             \
            if (width == 24)                                                                                         \
                PART(n_genes, n_classes, first, 24, starts, rows, values, from, to);                                 \
            else if (width == 32)                                                                                    \
                PART(n_genes, n_classes, first, 32, starts, rows, values, from, to);                                 \
            else                                                                                                     \
                PART(n_genes, n_classes, first, 40, starts, rows, values, from, to);                                 \
            first += width;                                                                                          \
        }                                                                                                            \
    }

FIT(fit_scores, part_of_scores)
FIT(fit_gradient, part_of_gradient)

/* The two halves of a softmax in single precision, before and after the exponential function, which is numpy's: subtract
 * the largest score of each cell and copy that of its own class, from 0; then turn the exponentials into the weighted
 * residuals, probability minus truth, with their totals. n_classes is a multiple of 8, so that eight sums run beside each
 * other, as in numpy's sum.
 */
#define EIGHT(LANE) for (int LANE = 0; LANE < 8; ++LANE)

EACH_PROCESSOR
void subtract_largest(int64_t n_cells, int64_t n_classes, const int64_t *codes, float *scores, float *own)
{
    for (int64_t cell = 0; cell < n_cells; ++cell) {
        float *score = scores + cell * n_classes, most[8];
        EIGHT(i) most[i] = score[i];
        for (int64_t k = 8; k < n_classes; k += 8)
            EIGHT(i) most[i] = most[i] < score[k + i] ? score[k + i] : most[i];
        float largest = most[0];
        EIGHT(i) largest = largest < most[i] ? most[i] : largest;
        for (int64_t k = 0; k < n_classes; ++k)
            score[k] -= largest;
        own[cell] = score[codes[cell]];
    }
}

EACH_PROCESSOR
void weigh_residuals(int64_t n_cells, int64_t n_classes, const int64_t *codes, const float *weights, float *exponentials,
                     float *totals)
{
    for (int64_t cell = 0; cell < n_cells; ++cell) {
        float *value = exponentials + cell * n_classes, sum[8] = {0};
        for (int64_t k = 0; k < n_classes; k += 8)
            EIGHT(i) sum[i] += value[k + i];
        const float total = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
        for (int64_t k = 0; k < n_classes; ++k)
            value[k] /= total;
        value[codes[cell]] -= 1;
        for (int64_t k = 0; k < n_classes; ++k)
            value[k] *= weights[cell];
        totals[cell] = total;
    }
}

/* Counts of cells that all have the same shares of genes, as a sparse matrix: cell i draws starts[i + 1] - starts[i]
 * genes, by one uniform number each. edges are the sums of the shares up to each gene, the last of them 1; guide says for
 * each of n_guide equal parts, a power of two, the first gene that a number in it can stand for. counts (n_genes, zeros)
 * and bits (one for 64 genes, zeros) are left as they were.
 */
void draw_genes(int64_t n_cells, int64_t n_genes, int64_t n_guide, const int64_t *starts, const double *uniform,
                const double *edges, const int32_t *guide, float *counts, uint64_t *bits, int32_t *indptr,
                int32_t *indices, float *values)
{
    int32_t stored = 0;
    for (int64_t cell = 0; cell < n_cells; ++cell) {
        for (int64_t at = starts[cell]; at < starts[cell + 1]; ++at) {
            int32_t gene = guide[(int64_t)(uniform[at] * (double)n_guide)];
            while (edges[gene] <= uniform[at])
                ++gene;
            counts[gene] += 1;
            bits[gene / 64] |= (uint64_t)1 << (gene % 64);
        }
        for (int64_t word = 0; word < (n_genes + 63) / 64; ++word) {
            for (uint64_t left = bits[word]; left; left &= left - 1) {
                const int32_t gene = (int32_t)(word * 64) + __builtin_ctzll(left);
                indices[stored] = gene;
                values[stored++] = counts[gene];
                counts[gene] = 0;
            }
            bits[word] = 0;
        }
        indptr[cell + 1] = stored;
    }
}
