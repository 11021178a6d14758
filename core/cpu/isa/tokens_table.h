// The members of TokensKernels, in their order. Included by kernels' sources alone.
.vector = Vec::size, .panel = kPanel, .query_rows = query_rows, .binary = binary_rows,
                     .activation = activation_rows, .unary = unary_rows, .norm = norm_rows,
                     .group_norm = group_norm_rows, .softmax = softmax_rows, .pack_keys = pack_keys,
                     .pack_values = pack_values, .attention = attention, .decode = decode,
                     .lstm = recurrent_step<LstmCell>, .gru = recurrent_step<GruCell>, .product = product
