"""The sizes of BERT-base and of the exercise. Given: do not edit."""

MAX_SEQ_LEN = 128
VOCAB_SIZE = 30522
N_LAYERS = 12
N_HEADS = 12
EMB_SIZE = 768
INTERMEDIATE_SIZE = 3072
DROPOUT = 0.1
N_CLASSES = 2
LAYER_NORM_EPS = 1e-12
