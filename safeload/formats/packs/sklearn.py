"""The pack `sklearn`: estimators of scikit-learn, as far as their pickles are inert.

An estimator is a plain object with arrays for fields. A decision tree is native memory, so its nodes are
checked one by one: a child lies behind its parent and inside the tree, a feature is one of the tree's.

Left out, so that files with them are refused: nearest-neighbour trees, distance metrics and the predictors
of histogram boosting (native memory that indexes itself), sparse matrices, arrays of objects (text labels,
the trees of gradient boosting), `FunctionTransformer` with a function, `IsotonicRegression` (its
`__setstate__` computes), kernels of Gaussian processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused, is_int
from safeload.formats.pickle_records import keys, table, take_fields
from safeload.formats.pickle_trace import ArrayValue, InertRecord

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Arguments, Key, Scene

_ESTIMATORS = {
    "calibration": "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration",
    "cluster._dbscan": "DBSCAN",
    "cluster._kmeans": "KMeans MiniBatchKMeans",
    "cluster._mean_shift": "MeanShift",
    "compose._column_transformer": "ColumnTransformer",
    "compose._target": "TransformedTargetRegressor",
    "covariance._elliptic_envelope": "EllipticEnvelope",
    "covariance._empirical_covariance": "EmpiricalCovariance",
    "cross_decomposition._pls": "CCA PLSCanonical PLSRegression PLSSVD",
    "decomposition._factor_analysis": "FactorAnalysis",
    "decomposition._fastica": "FastICA",
    "decomposition._incremental_pca": "IncrementalPCA",
    "decomposition._lda": "LatentDirichletAllocation",
    "decomposition._nmf": "MiniBatchNMF NMF",
    "decomposition._pca": "PCA",
    "decomposition._truncated_svd": "TruncatedSVD",
    "discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "dummy": "DummyClassifier DummyRegressor",
    "ensemble._bagging": "BaggingClassifier BaggingRegressor",
    "ensemble._forest": "ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier "
    "RandomForestRegressor RandomTreesEmbedding",
    "ensemble._gb": "GradientBoostingClassifier GradientBoostingRegressor",
    "ensemble._iforest": "IsolationForest",
    "ensemble._stacking": "StackingClassifier StackingRegressor",
    "ensemble._voting": "VotingClassifier VotingRegressor",
    "ensemble._weight_boosting": "AdaBoostClassifier AdaBoostRegressor",
    "feature_extraction._dict_vectorizer": "DictVectorizer",
    "feature_extraction._hash": "FeatureHasher",
    "feature_extraction.text": "CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer",
    "feature_selection._from_model": "SelectFromModel",
    "feature_selection._rfe": "RFE RFECV",
    "feature_selection._variance_threshold": "VarianceThreshold",
    "impute._base": "MissingIndicator SimpleImputer",
    "kernel_approximation": "Nystroem RBFSampler",
    "kernel_ridge": "KernelRidge",
    "linear_model._base": "LinearRegression",
    "linear_model._bayes": "ARDRegression BayesianRidge",
    "linear_model._coordinate_descent": "ElasticNet ElasticNetCV Lasso LassoCV MultiTaskElasticNet "
    "MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV",
    "linear_model._glm.glm": "GammaRegressor PoissonRegressor TweedieRegressor",
    "linear_model._huber": "HuberRegressor",
    "linear_model._least_angle": "Lars LarsCV LassoLars LassoLarsCV LassoLarsIC",
    "linear_model._logistic": "LogisticRegression LogisticRegressionCV",
    "linear_model._perceptron": "Perceptron",
    "linear_model._ransac": "RANSACRegressor",
    "linear_model._ridge": "Ridge RidgeCV RidgeClassifier RidgeClassifierCV",
    "linear_model._stochastic_gradient": "SGDClassifier SGDOneClassSVM SGDRegressor",
    "linear_model._theil_sen": "TheilSenRegressor",
    "mixture._bayesian_mixture": "BayesianGaussianMixture",
    "mixture._gaussian_mixture": "GaussianMixture",
    "model_selection._search": "GridSearchCV RandomizedSearchCV",
    "multiclass": "OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier _ConstantPredictor",
    "multioutput": "ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain",
    "naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "neighbors._nearest_centroid": "NearestCentroid",
    "neural_network._multilayer_perceptron": "MLPClassifier MLPRegressor",
    "neural_network._rbm": "BernoulliRBM",
    "neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "pipeline": "FeatureUnion Pipeline",
    "preprocessing._data": "Binarizer KernelCenterer MaxAbsScaler MinMaxScaler Normalizer PowerTransformer "
    "QuantileTransformer RobustScaler StandardScaler PolynomialFeatures",
    "preprocessing._discretization": "KBinsDiscretizer",
    "preprocessing._encoders": "OneHotEncoder OrdinalEncoder",
    "preprocessing._label": "LabelBinarizer LabelEncoder MultiLabelBinarizer",
    "preprocessing._polynomial": "PolynomialFeatures SplineTransformer",
    "random_projection": "GaussianRandomProjection SparseRandomProjection",
    "svm._classes": "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR",
    "tree._classes": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
    "_loss.loss": "HalfSquaredError AbsoluteError PinballLoss HuberLoss HalfPoissonLoss HalfGammaLoss "
    "HalfTweedieLoss HalfBinomialLoss HalfMultinomialLoss ExponentialLoss",
    "_loss.link": "Interval IdentityLink LogLink LogitLink HalfLogitLink MultinomialLogit",
}
_OLD_MODULES = {
    "ensemble._forest": "ensemble.forest",
    "ensemble._gb": "ensemble.gradient_boosting",
    "linear_model._base": "linear_model.base",
    "linear_model._logistic": "linear_model.logistic",
    "linear_model._ridge": "linear_model.ridge",
    "linear_model._stochastic_gradient": "linear_model.stochastic_gradient",
    "cluster._kmeans": "cluster.k_means_",
    "decomposition._pca": "decomposition.pca",
    "impute._base": "impute",
    "neural_network._multilayer_perceptron": "neural_network.multilayer_perceptron",
    "preprocessing._data": "preprocessing.data",
    "preprocessing._encoders": "preprocessing._encoders",
    "preprocessing._label": "preprocessing.label",
    "svm._classes": "svm.classes",
    "tree._classes": "tree.tree",
}
"""Names before release 0.22."""
_LOSSES = {
    "sklearn._loss._loss": "CyHalfSquaredError CyAbsoluteError CyPinballLoss CyHuberLoss CyHalfPoissonLoss "
    "CyHalfGammaLoss CyHalfTweedieLoss CyHalfBinomialLoss CyHalfMultinomialLoss CyExponentialLoss",
    "sklearn.linear_model._sgd_fast": "Hinge SquaredHinge Log ModifiedHuber Huber EpsilonInsensitive "
    "SquaredEpsilonInsensitive SquaredLoss CyHalfSquaredError",
}


def _loss(path: str) -> Contract:
    def call(args: Arguments, _scene: Scene) -> object:
        if len(args) > 2 or not all(type(item) in (float, int) for item in args):
            raise Refused("takes up to two numbers")
        return InertRecord(path, args)

    return Contract(call=call)


def _tree(args: Arguments, _scene: Scene) -> object:
    """`Tree(features, classes per output, outputs)`."""
    if len(args) == 3 and is_int(args[0], 0, 1 << 31) and is_int(args[2], 1, 1 << 31):
        classes = args[1]
        if (
            isinstance(classes, ArrayValue)
            and classes.shape == (args[2],)
            and classes.dtype in ("<i8", "<i4")
        ):
            return InertRecord("sklearn.tree._tree.Tree", args, _take_nodes)
    raise Refused("takes a number of features, an array of class counts, and its length")


def _take_nodes(target: InertRecord, state: object, scene: Scene) -> None:
    """State of a tree: nodes in one array of structures, values in another."""
    take_fields(target, state, scene)
    args = target.args
    if not isinstance(state, dict) or not isinstance(args, tuple):
        raise Refused("the state of a tree is no dict")
    nodes, values, count = state.get("nodes"), state.get("values"), state.get("node_count")
    if not isinstance(nodes, ArrayValue) or not isinstance(values, ArrayValue):
        raise Refused("nodes and values of a tree are no arrays")
    head = (("left_child", "<i8", 0), ("right_child", "<i8", 8), ("feature", "<i8", 16))
    width = int(nodes.dtype.lstrip("|V")) if nodes.fields and nodes.dtype else 0
    if nodes.fields is None or nodes.fields[:3] != head or width % 8 or nodes.shape != (count,):
        raise Refused("the nodes of a tree have another layout")
    if values.dtype != "<f8" or values.shape is None or len(values.shape) != 3 or values.shape[0] != count:
        raise Refused("the values of a tree have another layout")
    if set(state) - {"nodes", "values", "node_count", "max_depth"} or not is_int(state.get("max_depth"), -1):
        raise Refused("the state of a tree holds more than its own fields")
    data = nodes.data if isinstance(nodes.data, (bytes, bytearray)) else b""
    scene.charge(len(data) // 8)
    words = memoryview(data).cast("q")
    step = width // 8
    most = len(words) // step
    features = args[0]
    for at, (left, right, feature) in enumerate(
        zip(words[::step], words[1::step], words[2::step], strict=True)
    ):
        if left == right == -1:
            continue
        if not (at < left < most and at < right < most and 0 <= feature < features):
            raise Refused(f"node {at} of a tree leads outside it")


def contracts() -> dict[Key, Contract]:
    """The contracts of the pack."""
    groups = {f"sklearn.{module}": names for module, names in _ESTIMATORS.items()}
    for module, old in _OLD_MODULES.items():
        groups.setdefault(f"sklearn.{old}", _ESTIMATORS[module])
    found = table(groups, dicts={"sklearn.utils._bunch": "Bunch", "sklearn.utils": "Bunch"})
    found.update({key: _loss(".".join(key)) for key in keys(_LOSSES)})
    found["sklearn.tree._tree", "Tree"] = Contract(call=_tree)
    return found
