"""What pymoo 0.6.2 finds on the problems of tests/axx_toys.h in 1,000 evaluations, beside nc_axx.h:
    build/oracle_axx_search --json >toys.json && python3 tests/oracle_axx_search.py toys.json [SEEDS]
GA minimises the power with the accuracy as a constraint, NSGA-II power and lost accuracy, of whose
front the solutions that keep the accuracy count. Integer variables, pymoo's sampling, crossover (SBX)
and mutation (PM) for them, a population of 40."""
import json
import sys

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.problem import ElementwiseProblem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize

LEAST = 0.93


class Toy(ElementwiseProblem):
    def __init__(self, toy, objectives):
        self.toy, self.harm = toy, np.array(toy["harm"])
        self.power, self.share = np.array(toy["power"]), np.array(toy["share"])
        self.layers = np.arange(len(self.share))
        self.best = np.inf
        super().__init__(n_var=len(self.share), n_obj=objectives, n_ieq_constr=2 - objectives,
                         xl=0, xu=len(self.power) - 1, vtype=int)

    def accuracy(self, x):
        harm = self.harm[self.layers, x]
        pairs = self.toy["coupled"] * np.minimum(harm[1:], harm[:-1])
        spent = (harm.sum() + np.floor(pairs).sum()) / self.toy["budget"]
        accuracy = 0.1 + 0.85 / (1 + 0.02 / 0.83 * spent**2) if self.toy["steep"] else \
            0.95 - 0.02 * spent
        accuracy = max(accuracy, 0.1)
        images = self.toy["images"]
        return np.floor(accuracy * images) / images if images else accuracy

    def _evaluate(self, x, out, *args, **kwargs):
        power, accuracy = float((self.share * self.power[x]).sum()), self.accuracy(x)
        if accuracy >= LEAST:
            self.best = min(self.best, power)
        out["F"] = [power] if self.n_obj == 1 else [power, 1 - accuracy]
        if self.n_obj == 1:
            out["G"] = [LEAST - accuracy]


def run(toy, objectives, population, seed):
    problem = Toy(toy, objectives)
    algorithm = (GA if objectives == 1 else NSGA2)(
        pop_size=population, sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True)
    minimize(problem, algorithm, ("n_eval", 1000), seed=seed, verbose=False)
    return problem.best / toy["optimum"]


toys = json.load(open(sys.argv[1]))
for name in dict.fromkeys(toy["name"] for toy in toys):
    those = [toy for toy in toys if toy["name"] == name][:int(sys.argv[2]) if sys.argv[2:] else 20]
    for objectives, method in ((1, "pymoo GA"), (2, "pymoo NSGA-II")):
        ratios = [run(toy, objectives, 40, seed + 1) for seed, toy in enumerate(those)]
        print(f"| {name:44} | {method:17} | {np.median(ratios):.3f} | {max(ratios):.3f} | {1000:11} |",
              flush=True)
