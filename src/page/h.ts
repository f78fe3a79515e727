/** Preact's `h`, with the attributes of each element as its types. */

import {
  type Attributes,
  type ComponentChildren,
  h as create,
  type FunctionComponent,
  type JSX,
  type VNode,
} from 'preact'

type Tag = keyof JSX.IntrinsicElements
type Data = Readonly<Record<`data-${string}`, string | number | undefined>>

/** An element, or what a component returns. Strings become text and nothing else. */
export function h<T extends Tag>(
  tag: T,
  props: (JSX.IntrinsicElements[T] & Data) | null,
  ...children: ComponentChildren[]
): VNode
export function h<P>(
  component: FunctionComponent<P>,
  props: (P & Attributes) | null,
  ...children: ComponentChildren[]
): VNode
export function h<P>(
  type: string | FunctionComponent<P>,
  props: object | null,
  ...children: ComponentChildren[]
): VNode {
  return create(type as string, props, ...children) as VNode
}
