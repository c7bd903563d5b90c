/* Tail and base of a network whose colour is folded in → output planes: one thread for each cell.

   A cell is a pixel of the source. It holds forms: SCALE * SCALE luma codes, row by row, then chroma
   by column form, row form, component. Where a chroma sample sits between two cells, the last two
   forms of an axis are what a cell carries over to its neighbour, and what it adds itself at the
   edge of the picture (AxisForms of vsr/upscaling/passes/folded.py).

   Chroma may be averaged over the EVEN_COLUMNS × EVEN_ROWS samples of a cell, twice, with the edges
   held (vsr/upscaling/passes/even_colour.py). Where IS_CUT is 0 the planes are floats, which torch
   mends before it cuts them to codes.

   Defined before: SCALE, HAS_BASE, CHANNELS (of the base), LUMA_UNIT and LUMA_START (from a form to
   a code plus one half), HAS_CHROMA; COLUMN_SAMPLES, COLUMN_FORMS, COLUMN_STEP, the same of ROW_;
   EVEN_COLUMNS, EVEN_ROWS; IS_NEUTRAL and NEUTRAL: chroma is that code, whatever the network says. */

#define LUMA_FORMS (SCALE * SCALE)
#define CHROMA_FORM(column, row, component) \
    (LUMA_FORMS + ((column) * ROW_FORMS + (row)) * 2 + (component))
#if HAS_CHROMA
#define FORMS CHROMA_FORM(COLUMN_FORMS, 0, 0)
#else
#define FORMS LUMA_FORMS
#endif

typedef struct {
    const Number *numbers;
    int row_step, column_step, form_step;
    const float *weights, *bias; /* of the base: (forms, CHANNELS) and (forms,) */
    const Planes *planes;
} Tail;

typedef struct {
    const Number *numbers;
    Sample sample;
} Cell;

DEVICE Cell cell_at(const Tail *tail, int x, int y)
{
    Cell cell = {
        tail->numbers + (long long)y * tail->row_step + (long long)x * tail->column_step,
        {0.0f, 0.0f, 0.0f},
    };
#if HAS_BASE
    cell.sample = sample_at(tail->planes, x, y);
#endif
    return cell;
}

DEVICE float form(const Tail *tail, Cell cell, int index)
{
    float value = float_of(cell.numbers[(long long)index * tail->form_step]);
#if HAS_BASE
    const float *row = tail->weights + index * CHANNELS;
    value += tail->bias[index] + row[0] * cell.sample.luma;
#if CHANNELS == 3
    value += row[1] * cell.sample.cb + row[2] * cell.sample.cr;
#endif
#endif
    return value;
}

#if HAS_CHROMA
/* A column's sample for one row form: what a neighbour carries over is added to one of them. */
DEVICE float column_sample(const Tail *tail, int x, int y, int column, int row, int component)
{
    Cell cell = cell_at(tail, x, y);
    float value = form(tail, cell, CHROMA_FORM(column, row, component));
#if COLUMN_STEP
    int from = x - COLUMN_STEP;
    if (column != (COLUMN_STEP > 0 ? 0 : COLUMN_SAMPLES - 1))
        return value;
    if (from >= 0 && from < tail->planes->width)
        value += form(tail, cell_at(tail, from, y), CHROMA_FORM(COLUMN_SAMPLES, row, component));
    else
        value += form(tail, cell, CHROMA_FORM(COLUMN_SAMPLES + 1, row, component));
#endif
    return value;
}

DEVICE float chroma_sample(const Tail *tail, int x, int y, int column, int row, int component)
{
    float value = column_sample(tail, x, y, column, row, component);
#if ROW_STEP
    int from = y - ROW_STEP;
    if (row != (ROW_STEP > 0 ? 0 : ROW_SAMPLES - 1))
        return value;
    if (from >= 0 && from < tail->planes->height)
        value += column_sample(tail, x, from, column, ROW_SAMPLES, component);
    else
        value += column_sample(tail, x, y, column, ROW_SAMPLES + 1, component);
#endif
    return value;
}

/* A sample by its place in the plane. */
DEVICE float held_sample(const Tail *tail, int column, int row, int component)
{
    int columns = tail->planes->width * COLUMN_SAMPLES, rows = tail->planes->height * ROW_SAMPLES;
    column = column < 0 ? 0 : column < columns ? column : columns - 1;
    row = row < 0 ? 0 : row < rows ? row : rows - 1;
    return chroma_sample(
        tail, column / COLUMN_SAMPLES, row / ROW_SAMPLES, column % COLUMN_SAMPLES,
        row % ROW_SAMPLES, component);
}

/* The mean of a box around a sample, and of the boxes around it: weights 1 2 1 for two samples. */
DEVICE float even_sample(const Tail *tail, int column, int row, int component)
{
    float total = 0.0f;
    for (int down = 1 - EVEN_ROWS; down < EVEN_ROWS; down++) {
        float line = 0.0f;
        for (int right = 1 - EVEN_COLUMNS; right < EVEN_COLUMNS; right++)
            line += (EVEN_COLUMNS - (right < 0 ? -right : right)) *
                held_sample(tail, column + right, row + down, component);
        total += (EVEN_ROWS - (down < 0 ? -down : down)) * line;
    }
    return total * (1.0f / (EVEN_COLUMNS * EVEN_COLUMNS * EVEN_ROWS * EVEN_ROWS));
}
#endif

ENTRY void folded_output(
    const Number *numbers, int row_step, int column_step, int form_step, const float *weights,
    const float *bias, const SOURCE_CODE *luma, const SOURCE_CODE *cb, const SOURCE_CODE *cr,
    int luma_stride, int chroma_stride, int width, int height, TARGET_CODE *out_luma,
    TARGET_CODE *out_cb, TARGET_CODE *out_cr, int out_luma_stride, int out_chroma_stride,
    unsigned char *is_finite)
{
    Planes planes = {luma, cb, cr, luma_stride, chroma_stride, width, height};
    Tail tail = {numbers, row_step, column_step, form_step, weights, bias, &planes};
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height)
        return;
    Cell cell = cell_at(&tail, x, y);
    for (int index = 0; index < FORMS; index++)
        check(float_of(cell.numbers[(long long)index * form_step]), is_finite);
    for (int row = 0; row < SCALE; row++) {
        TARGET_CODE *line = out_luma + ((long long)y * SCALE + row) * out_luma_stride;
        for (int column = 0; column < SCALE; column++)
            line[x * SCALE + column] =
                code_of(form(&tail, cell, row * SCALE + column) * LUMA_UNIT + LUMA_START);
    }
#if HAS_CHROMA || IS_NEUTRAL
    for (int row = 0; row < ROW_SAMPLES; row++) {
        long long at = ((long long)y * ROW_SAMPLES + row) * out_chroma_stride;
        for (int column = 0; column < COLUMN_SAMPLES; column++) {
            long long place = at + x * COLUMN_SAMPLES + column;
#if IS_NEUTRAL
            out_cb[place] = out_cr[place] = NEUTRAL;
#else
            int right = x * COLUMN_SAMPLES + column, down = y * ROW_SAMPLES + row;
            out_cb[place] = code_of(even_sample(&tail, right, down, 0));
            out_cr[place] = code_of(even_sample(&tail, right, down, 1));
#endif
        }
    }
#endif
}
