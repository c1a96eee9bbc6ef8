"""The names of Keras' own that a model configuration may hold, by exact name and by family.

Transcribed from the public names of Keras 3.15 (https://keras.io/api/), with those that Keras 2 wrote and
Keras 3 dropped. Left out on purpose, since their configuration is code or names it: `Lambda`, `TFOpLambda`,
`SlicingOpLambda`, `TFSMLayer`, `TorchModuleWrapper`, `JaxLayer`, `FlaxLayer`, the operations that take a
function (`Map`, `Cond`, `WhileLoop`), and everything in `utils`, `saving`, `config`, `ops` as functions.
There is no rule by prefix: a module only says which family a name has to be in.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LAYERS = """
Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D AveragePooling2D
AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization BatchNormalizationV1
BatchNormalizationV2 Bidirectional CategoryEncoding CenterCrop Concatenate
ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D
Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D
Cropping2D Cropping3D CuDNNGRU CuDNNLSTM CutMix Dense DenseFeatures DepthwiseConv1D DepthwiseConv2D
Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten GRU GRUCell GRUV1 GRUV2
GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D
GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention
GroupedQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup LSTM LSTMCell LSTMV1
LSTMV2 LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxNumBoundingBoxes
MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum MixUp
MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment
RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue
RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness
RandomShear RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SeparableConvolution1D
SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D
SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup Subtract SyncBatchNormalization
TextVectorization ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D UpSampling2D
UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""
_MODELS = "Functional Model Sequential"
_OPTIMIZERS = """
Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer MultiOptimizer Muon Nadam
RMSprop SGD ScheduleFreeAdamW DynamicLossScale FixedLossScale LossScaleOptimizerV3
CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay
"""
_LOSSES = """
BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy
CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLDivergence
LogCosh LossFunctionWrapper MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy SquaredHinge Tversky
"""
_METRICS = """
AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy
CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives
Hinge IoU KLDivergence LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU
MeanMetricWrapper MeanRelativeError MeanSquaredError MeanSquaredLogarithmicError MeanTensor OneHotIoU
OneHotMeanIoU PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall RecallAtPrecision
RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy
SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum TopKCategoricalAccuracy
TrueNegatives TruePositives
"""
_INITIALIZERS = """
Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer LecunNormal
LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer
TruncatedNormal VarianceScaling Zeros
"""
_POLICIES = """
AWQDTypePolicy DTypePolicy DTypePolicyMap FloatDTypePolicy GPTQDTypePolicy Int4DTypePolicy Policy PolicyV1
QuantizedDTypePolicy QuantizedFloat8DTypePolicy
"""
_QUANTIZERS = """
AWQConfig AbsMaxQuantizer Float8QuantizationConfig GPTQConfig Int4QuantizationConfig
Int8QuantizationConfig QuantizationConfig
"""
_OPS = """
Abs Absolute AdaptiveAveragePool AdaptiveMaxPool Add AffineTransform All AllClose Amax Amin Angle Any
Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin Argpartition Argsort
Array ArraySplit Average AveragePool BatchNorm BinaryCrossentropy Bincount BitwiseAnd BitwiseInvert
BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor BroadcastTo CDist CTCDecode CTCLoss
Cast CategoricalCrossentropy Cbrt Ceil Celu Cholesky CholeskyInverse Clip Concatenate Conj Conjugate Conv
ConvTranspose ConvertToTensor Copy Corrcoef Correlate Cos Cosh CountNonzero CropImages Cross Cumprod
Cumsum Deg2rad DepthToSpace DepthwiseConv Det Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dot
DotProductAttention Dsplit Dstack Eig Eigh Einsum ElasticTransform Elu EmptyLike Equal Erf Erfc Erfinv
Exp Exp2 ExpandDims Expm1 ExtractPatches ExtractSequences FFT FFT2 Fabs Flip Fliplr Flipud Floor
FloorDivide Fmax Fmin Fmod Fold Full FullLike GaussianBlur Gcd Gelu Geomspace GetItem Glu Greater
GreaterEqual HSVToRGB HardShrink HardSigmoid HardSilu HardTanh Heaviside Histogram Hsplit Hstack Hypot I0
IFFT2 IRFFT ISTFT Imag InTopK Inner Inv IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal Kron
LayerNorm Lcm Ldexp LeakyRelu LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 LogSigmoid
LogSoftmax Logaddexp Logaddexp2 Logdet LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Logsumexp
Lstsq LuFactor MapCoordinates Matmul MatrixRank Max MaxPool Maximum Mean Median Meshgrid Min Minimum Mod
Moments Moveaxis MultiHot Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean
Nanmedian Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero
Norm Normalize NotEqual OneHot OnesLike Outer PSNR Pad PadImages Percentile PerspectiveTransform Pinv
Polar Power Prod Ptp Qr Quantile RFFT RGBToGrayscale RGBToHSV RMSNorm Rad2deg Ravel Real Rearrange
Reciprocal Relu Relu6 Repeat Reshape Resize RightShift Roll Rot90 Round Rsqrt SSIM STFT SVD SaturateCast
ScaleAndTranslate Scatter ScatterUpdate SearchSorted SegmentMax SegmentMin SegmentProd SegmentSum Select
Selu SeparableConv Sigmoid Sign Signbit Silu Sin Sinc Sinh Size Slice SliceUpdate Slogdet SobelEdges
SoftShrink Softmax Softplus Softsign Solve SolveTriangular Sort SpaceToDepth
SparseCategoricalCrossentropy SparsePlus SparseSigmoid Sparsemax Split Sqrt Square Squareplus Squeeze
Stack Std StopGradient Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh TanhShrink Tensordot Threshold
Tile TopK Trace Transpose Trapezoid Tril Triu TrueDivide Trunc Unfold Unique UnravelIndex Unstack Vander
Var Vdot View ViewAsComplex ViewAsReal Vsplit Vstack Where ZerosLike
"""

_CONSTRAINTS = "MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm"
_REGULARIZERS = "L1 L1L2 L2 OrthogonalRegularizer"

CLASSES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        family: frozenset(names.split())
        for family, names in {
            "activations": "",
            "constraints": _CONSTRAINTS,
            "dtype_policies": _POLICIES,
            "engine": _MODELS + " InputLayer",
            "initializers": _INITIALIZERS,
            "layers": _LAYERS + _POLICIES,
            "losses": _LOSSES,
            "metrics": _METRICS,
            "mixed_precision": _POLICIES + " DynamicLossScale FixedLossScale LossScaleOptimizer",
            "models": _MODELS,
            "ops": _OPS,
            "optimizers": _OPTIMIZERS,
            "quantizers": _QUANTIZERS,
            "random": "SeedGenerator",
            "regularizers": _REGULARIZERS,
        }.items()
    }
)
"""By the part of the module path behind `keras.` or `keras.src.`: the classes that may stand there."""

TOP_LEVEL = frozenset({"DTypePolicy", "FloatDTypePolicy", "Functional", "Model", "Sequential"})
"""Classes of the module `keras` itself."""

NAMED_ALONE = frozenset().union(*(names for family, names in CLASSES.items() if family != "ops"))
"""Classes that Keras 2 wrote without a module."""

_LOSS_FUNCTIONS = """
bce binary_crossentropy binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy
categorical_hinge circle cosine_proximity cosine_similarity ctc dice hinge huber huber_loss kl_divergence
kld kullback_leibler_divergence log_cosh logcosh mae mape mean_absolute_error
mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error mse msle poisson
sparse_categorical_crossentropy squared_hinge tversky
"""
_ACTIVATIONS = """
celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear
log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign
sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
"""
FUNCTIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        family: frozenset(names.split())
        for family, names in {
            "activations": _ACTIVATIONS,
            "constraints": "max_norm min_max_norm non_neg radial_constraint unit_norm",
            "initializers": "constant glorot_normal glorot_uniform he_normal he_uniform identity "
            "lecun_normal lecun_uniform normal one ones orthogonal random_normal random_uniform "
            "truncated_normal uniform variance_scaling zero zeros",
            "losses": _LOSS_FUNCTIONS,
            "metrics": _LOSS_FUNCTIONS + "accuracy binary_accuracy categorical_accuracy "
            "sparse_categorical_accuracy sparse_top_k_categorical_accuracy top_k_categorical_accuracy",
            "ops": _ACTIVATIONS,
            "regularizers": "l1 l1_l2 l1l2 l2 orthogonal_regularizer",
        }.items()
    }
)
"""Likewise, the functions. Never `get`, `deserialize` and their like."""

BUILT_IN_FUNCTIONS = frozenset().union(*FUNCTIONS.values())
"""Functions that Keras writes with the module `builtins`, which then stands for its own families."""
