"""Every procedure is wrong as often as it says: the few repetitions, and the many."""

import pytest

from tests.simulations import bootstrap, cell, exact, gap, multi_bootstrap, selection
from tests.simulations.simulation import held_in_a_few, simulated

SIMULATIONS = [
    simulation
    for module in (bootstrap, cell, exact, gap, multi_bootstrap, selection)
    for simulation in module.SIMULATIONS
]


@pytest.mark.parametrize("simulation", SIMULATIONS, ids=str)
def test_a_few(simulation):
    assert held_in_a_few(simulation)


@pytest.mark.simulations
@pytest.mark.parametrize("simulation", SIMULATIONS, ids=str)
def test_many(simulation, coverage_table):
    row = simulated(simulation)
    coverage_table.add(row)
    assert row.verdict in simulation.expected, row
