// The members of PlanesKernels, in their order. Included by kernels' sources alone.
.vector = Vec::size, .affine = affine, .weighted_sum = weighted_sum, .largest = largest, .gather = gather,
                     .every = every, .few_by_rows = few_by_rows, .few_by_columns = few_by_columns
