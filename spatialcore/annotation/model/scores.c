/* Decision scores of sparse cells: out = minimum(x, cap) @ weights + offset, one pass over the stored values.
 *
 * weights is genes x classes, so a gene of a cell is a row that is read straight through while the cell's scores stay in
 * the first cache; four genes at once, since each visit of the scores costs as much as a gene. Returns 0, or the number
 * (from 1) of the first row that names a gene beyond n_genes.
 */
#include <stdint.h>

/* One copy for wide vectors, one for narrower ones, one for any processor; the loader of the program takes the best. */
#ifdef MANY_PROCESSORS
#define EACH_PROCESSOR __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define EACH_PROCESSOR
#endif

#define CAPPED(x, most) ((most) < (x) ? (most) : (x))

#define SCORES(NAME, INDEX, VALUE)                                                                                   \
    EACH_PROCESSOR                                                                                                   \
    int64_t NAME(int64_t n_rows, int64_t n_genes, int64_t n_classes, const INDEX *restrict indptr,                   \
                 const INDEX *restrict indices, const VALUE *restrict values, const double *restrict weights,        \
                 const double *restrict offset, const double *restrict cap, double *restrict out)                    \
    {                                                                                                                \
        for (int64_t row = 0; row < n_rows; ++row) {                                                                 \
            double *restrict score = out + row * n_classes;                                                          \
            for (int64_t k = 0; k < n_classes; ++k)                                                                  \
                score[k] = offset[k];                                                                                \
            int64_t at = indptr[row];                                                                                \
            const int64_t end = indptr[row + 1];                                                                     \
            int beyond = 0;                                                                                          \
            for (int64_t place = at; place < end; ++place)                                                           \
                beyond |= (indices[place] < 0) | (indices[place] >= (INDEX)n_genes);                                 \
            if (beyond)                                                                                              \
                return row + 1;                                                                                      \
            for (; at + 4 <= end; at += 4) {                                                                         \
                const double *from[4];                                                                               \
                double value[4];                                                                                     \
                for (int i = 0; i < 4; ++i) {                                                                        \
                    const int64_t gene = indices[at + i];                                                            \
                    const double stored = values[at + i];                                                            \
                    value[i] = CAPPED(stored, cap[gene]);                                                            \
                    from[i] = weights + gene * n_classes;                                                            \
                }                                                                                                    \
                const double *restrict a = from[0], *restrict b = from[1], *restrict c = from[2],                    \
                                       *restrict d = from[3];                                                        \
                for (int64_t k = 0; k < n_classes; ++k)                                                              \
                    score[k] += value[0] * a[k] + value[1] * b[k] + value[2] * c[k] + value[3] * d[k];               \
            }                                                                                                        \
            for (; at < end; ++at) {                                                                                 \
                const int64_t gene = indices[at];                                                                    \
                const double stored = values[at];                                                                    \
                const double value = CAPPED(stored, cap[gene]);                                                      \
                const double *restrict a = weights + gene * n_classes;                                               \
                for (int64_t k = 0; k < n_classes; ++k)                                                              \
                    score[k] += value * a[k];                                                                        \
            }                                                                                                        \
        }                                                                                                            \
        return 0;                                                                                                    \
    }

SCORES(scores_int32_float32, int32_t, float)
SCORES(scores_int32_float64, int32_t, double)
SCORES(scores_int64_float32, int64_t, float)
SCORES(scores_int64_float64, int64_t, double)

/* One step of the fit of a logistic regression on sparse cells, in single precision: the scores of some cells, and what
 * their residuals add to the gradient of the weights. n_classes is padded to whole vectors. The indices were checked.
 */
EACH_PROCESSOR
void fit_scores(int64_t n_rows, int64_t n_classes, const int64_t *restrict indptr, const int32_t *restrict indices,
                const float *restrict values, const float *restrict weights, const float *restrict offset,
                float *restrict out)
{
    for (int64_t row = 0; row < n_rows; ++row) {
        float *restrict score = out + row * n_classes;
        for (int64_t k = 0; k < n_classes; ++k)
            score[k] = offset[k];
        int64_t at = indptr[row];
        const int64_t end = indptr[row + 1];
        for (; at + 4 <= end; at += 4) {
            const float *restrict a = weights + indices[at] * n_classes;
            const float *restrict b = weights + indices[at + 1] * n_classes;
            const float *restrict c = weights + indices[at + 2] * n_classes;
            const float *restrict d = weights + indices[at + 3] * n_classes;
            const float *value = values + at;
            for (int64_t k = 0; k < n_classes; ++k)
                score[k] += value[0] * a[k] + value[1] * b[k] + value[2] * c[k] + value[3] * d[k];
        }
        for (; at < end; ++at) {
            const float *restrict a = weights + indices[at] * n_classes;
            const float value = values[at];
            for (int64_t k = 0; k < n_classes; ++k)
                score[k] += value * a[k];
        }
    }
}

EACH_PROCESSOR
void fit_gradient(int64_t n_rows, int64_t n_classes, const int64_t *restrict indptr, const int32_t *restrict indices,
                  const float *restrict values, const float *restrict residual, float *restrict gradient)
{
    for (int64_t row = 0; row < n_rows; ++row) {
        const float *restrict from = residual + row * n_classes;
        for (int64_t at = indptr[row]; at < indptr[row + 1]; ++at) {
            float *restrict to = gradient + indices[at] * n_classes;
            const float value = values[at];
            for (int64_t k = 0; k < n_classes; ++k)
                to[k] += value * from[k];
        }
    }
}
