import { type Choices, type Layer, RIGHT } from './choices.ts'
import type { Material } from './material.ts'
export class Ledger {
  choices: Choices = RIGHT
  readonly habits = { acceptedStatus: 201 }
  readonly memo = new Map<string, unknown>()
  sawSession(_material: Material, _id: Uint8Array): void {}
  sawTag(_material: Material, _tag: Uint8Array): void {}
  settle(): void {}
  remarks(): string[] {
    return []
  }
  explain(_layer: Layer): {
    kind: 'right' | 'certain' | 'several' | 'none'
    sentence: string | null
  } {
    return { kind: 'right', sentence: null }
  }
}
