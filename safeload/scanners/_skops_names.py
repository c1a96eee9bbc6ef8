"""The types that a skops file may hold, by loader: `ALLOWED[loader]` is a set of `module.class`.

Transcribed from scikit-learn's own estimators (1.9, with the private modules that skops writes) and from
what skops builds without asking: https://skops.readthedocs.io/en/stable/persistence.html. Types that take a
function or a module path (`MethodNode`, `PartialNode`, `OperatorFuncNode`, functions but numpy's) are left
out on purpose, and so is every loader that is not a key here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def _names(table: str, root: str = "") -> frozenset[str]:
    """`root` + `module.name` for lines of `module: name name ...`."""
    rows = (line.partition(":") for line in table.strip().splitlines())
    return frozenset(f"{root}{module}.{name}" for module, _, names in rows for name in names.split())


_ESTIMATORS = _names(
    """
_loss.link: HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit
_loss.loss: AbsoluteError ExponentialLoss HalfBinomialLoss HalfGammaLoss HalfMultinomialLoss
_loss.loss: HalfPoissonLoss HalfSquaredError HuberLoss PinballLoss
calibration: CalibratedClassifierCV
cluster._affinity_propagation: AffinityPropagation
cluster._agglomerative: AgglomerativeClustering FeatureAgglomeration
cluster._bicluster: SpectralBiclustering SpectralCoclustering
cluster._birch: Birch
cluster._bisect_k_means: BisectingKMeans
cluster._dbscan: DBSCAN
cluster._hdbscan.hdbscan: HDBSCAN
cluster._kmeans: KMeans MiniBatchKMeans
cluster._mean_shift: MeanShift
cluster._optics: OPTICS
cluster._spectral: SpectralClustering
compose._column_transformer: ColumnTransformer
compose._target: TransformedTargetRegressor
covariance._elliptic_envelope: EllipticEnvelope
covariance._empirical_covariance: EmpiricalCovariance
covariance._graph_lasso: GraphicalLasso GraphicalLassoCV
covariance._robust_covariance: MinCovDet
covariance._shrunk_covariance: LedoitWolf OAS ShrunkCovariance
cross_decomposition._pls: CCA PLSCanonical PLSRegression PLSSVD
decomposition._dict_learning: DictionaryLearning MiniBatchDictionaryLearning SparseCoder
decomposition._factor_analysis: FactorAnalysis
decomposition._fastica: FastICA
decomposition._incremental_pca: IncrementalPCA
decomposition._kernel_pca: KernelPCA
decomposition._lda: LatentDirichletAllocation
decomposition._nmf: MiniBatchNMF NMF
decomposition._pca: PCA
decomposition._sparse_pca: MiniBatchSparsePCA SparsePCA
decomposition._truncated_svd: TruncatedSVD
discriminant_analysis: LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis
dummy: DummyClassifier DummyRegressor
ensemble._bagging: BaggingClassifier BaggingRegressor
ensemble._forest: ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier RandomForestRegressor
ensemble._forest: RandomTreesEmbedding
ensemble._gb: GradientBoostingClassifier GradientBoostingRegressor
ensemble._hist_gradient_boosting.binning: _BinMapper
ensemble._hist_gradient_boosting.gradient_boosting: HistGradientBoostingClassifier
ensemble._hist_gradient_boosting.gradient_boosting: HistGradientBoostingRegressor
ensemble._iforest: IsolationForest
ensemble._stacking: StackingClassifier StackingRegressor
ensemble._voting: VotingClassifier VotingRegressor
ensemble._weight_boosting: AdaBoostClassifier AdaBoostRegressor
feature_extraction._dict_vectorizer: DictVectorizer
feature_extraction._hash: FeatureHasher
feature_extraction.image: PatchExtractor
feature_extraction.text: CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer
feature_selection._from_model: SelectFromModel
feature_selection._rfe: RFE RFECV
feature_selection._sequential: SequentialFeatureSelector
feature_selection._univariate_selection: GenericUnivariateSelect SelectFdr SelectFpr SelectFwe SelectKBest
feature_selection._univariate_selection: SelectPercentile
feature_selection._variance_threshold: VarianceThreshold
frozen._frozen: FrozenEstimator
gaussian_process._gpc: GaussianProcessClassifier
gaussian_process._gpr: GaussianProcessRegressor
impute._base: MissingIndicator SimpleImputer
impute._knn: KNNImputer
isotonic: IsotonicRegression
kernel_approximation: AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler SkewedChi2Sampler
kernel_ridge: KernelRidge
linear_model._base: LinearRegression
linear_model._bayes: ARDRegression BayesianRidge
linear_model._coordinate_descent: ElasticNet ElasticNetCV Lasso LassoCV MultiTaskElasticNet
linear_model._coordinate_descent: MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV
linear_model._glm.glm: GammaRegressor PoissonRegressor TweedieRegressor
linear_model._huber: HuberRegressor
linear_model._least_angle: Lars LarsCV LassoLars LassoLarsCV LassoLarsIC
linear_model._logistic: LogisticRegression LogisticRegressionCV
linear_model._omp: OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV
linear_model._passive_aggressive: PassiveAggressiveClassifier PassiveAggressiveRegressor
linear_model._perceptron: Perceptron
linear_model._quantile: QuantileRegressor
linear_model._ransac: RANSACRegressor
linear_model._ridge: Ridge RidgeCV RidgeClassifier RidgeClassifierCV
linear_model._stochastic_gradient: SGDClassifier SGDOneClassSVM SGDRegressor
linear_model._theil_sen: TheilSenRegressor
manifold._classical_mds: ClassicalMDS
manifold._isomap: Isomap
manifold._locally_linear: LocallyLinearEmbedding
manifold._mds: MDS
manifold._spectral_embedding: SpectralEmbedding
manifold._t_sne: TSNE
mixture._bayesian_mixture: BayesianGaussianMixture
mixture._gaussian_mixture: GaussianMixture
model_selection._classification_threshold: FixedThresholdClassifier TunedThresholdClassifierCV
model_selection._search: GridSearchCV RandomizedSearchCV
multiclass: OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier
multioutput: ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain
naive_bayes: BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB
neighbors._classification: KNeighborsClassifier RadiusNeighborsClassifier
neighbors._graph: KNeighborsTransformer RadiusNeighborsTransformer
neighbors._kde: KernelDensity
neighbors._lof: LocalOutlierFactor
neighbors._nca: NeighborhoodComponentsAnalysis
neighbors._nearest_centroid: NearestCentroid
neighbors._regression: KNeighborsRegressor RadiusNeighborsRegressor
neighbors._unsupervised: NearestNeighbors
neural_network._multilayer_perceptron: MLPClassifier MLPRegressor
neural_network._rbm: BernoulliRBM
pipeline: FeatureUnion Pipeline
preprocessing._data: Binarizer KernelCenterer MaxAbsScaler MinMaxScaler Normalizer PowerTransformer
preprocessing._data: QuantileTransformer RobustScaler StandardScaler
preprocessing._discretization: KBinsDiscretizer
preprocessing._encoders: OneHotEncoder OrdinalEncoder
preprocessing._function_transformer: FunctionTransformer
preprocessing._label: LabelBinarizer LabelEncoder MultiLabelBinarizer
preprocessing._polynomial: PolynomialFeatures SplineTransformer
preprocessing._target_encoder: TargetEncoder
random_projection: GaussianRandomProjection SparseRandomProjection
semi_supervised._label_propagation: LabelPropagation LabelSpreading
semi_supervised._self_training: SelfTrainingClassifier
svm._classes: LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR
tree._classes: DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor
""",
    "sklearn.",
)
_LOSSES = _names(
    """
_loss._loss: CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss CyHalfMultinomialLoss
_loss._loss: CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss CyHalfTweedieLossIdentity CyHuberLoss
_loss._loss: CyPinballLoss
linear_model._sgd_fast: EpsilonInsensitive Hinge Huber Log ModifiedHuber SquaredEpsilonInsensitive
linear_model._sgd_fast: SquaredHinge SquaredLoss
""",
    "sklearn.",
)
_PRIMITIVES = _names("builtins: bool float int str")
_NUMPY_SCALARS = _names(
    """
numpy: bool bool_ bytes_ clongdouble complex128 complex64 datetime64 float16 float32 float64 int16 int32
numpy: int64 int8 intc longdouble longlong str_ timedelta64 uint16 uint32 uint64 uint8 ulonglong void
"""
)
_UFUNCS = _names(
    """
numpy: absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_count
numpy: bitwise_or bitwise_xor cbrt ceil conjugate copysign cos cosh deg2rad degrees divide divmod equal
numpy: exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod frexp gcd greater greater_equal
numpy: heaviside hypot invert isfinite isinf isnan isnat lcm ldexp left_shift less less_equal log log10
numpy: log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul matvec
numpy: maximum minimum modf multiply negative nextafter not_equal positive power rad2deg radians
numpy: reciprocal remainder right_shift rint sign signbit sin sinh spacing sqrt square subtract tan tanh
numpy: trunc vecdot vecmat
scipy.special: expit logit
"""
)

ALLOWED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "DictNode": _names("builtins: dict\ncollections: OrderedDict"),
        "DefaultDictNode": _names("collections: defaultdict"),
        "ListNode": _names("builtins: list"),
        "SetNode": _names("builtins: set"),
        "TupleNode": _names("builtins: tuple"),
        "SliceNode": _names("builtins: slice"),
        "BytesNode": _names("builtins: bytes"),
        "BytearrayNode": _names("builtins: bytearray"),
        "JsonNode": _PRIMITIVES,
        "TypeNode": _PRIMITIVES | _NUMPY_SCALARS | _names("builtins: dict list set tuple NoneType"),
        "FunctionNode": _UFUNCS,
        "ObjectNode": _ESTIMATORS,
        "TreeNode": _names("sklearn.tree._tree: Tree"),
        "LossNode": _LOSSES,
        "NdArrayNode": _NUMPY_SCALARS | _names("numpy: ndarray"),
        "MaskedArrayNode": _names("numpy.ma: MaskedArray\nnumpy.ma.core: MaskedArray"),
        "DTypeNode": _names("numpy: dtype"),
        "RandomStateNode": _names("numpy.random.mtrand: RandomState\nnumpy.random: RandomState"),
        "RandomGeneratorNode": _names("numpy.random._generator: Generator\nnumpy.random: Generator"),
        "SparseMatrixNode": _names(
            "\n".join(
                f"scipy.sparse._{kind}: {kind}_array {kind}_matrix"
                for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
            )
        ),
    }
)
