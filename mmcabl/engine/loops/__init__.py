from mmcabl.engine.loops.test_loop import ResumableTestLoop

__all__ = ['ResumableTestLoop']
