import { AUDITED, testDrills } from '../../test/drills.ts'

// What is waited for is the registry's time more than the processor's.
testDrills(AUDITED, 3)
