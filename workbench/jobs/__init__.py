"""Trainings that go on by themselves: started, watched, stopped and resumed from outside."""
