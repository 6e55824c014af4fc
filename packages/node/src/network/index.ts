export { type LocalNetwork, type LocalOptions, startLocal } from './local.ts'
export { configFor, findOffers, ggufOffer, type Offer, type OfferConfig, withOffers } from './offers.ts'
export { pageApp } from './page.ts'
