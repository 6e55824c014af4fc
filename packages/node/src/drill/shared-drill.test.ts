import { MANY_OWNERS, testDrills } from '../../test/drills.ts'

// As many at once as one processor keeps up with: there are deadlines in most of these faults.
testDrills(MANY_OWNERS, 3)
