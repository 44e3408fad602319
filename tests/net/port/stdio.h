/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP includes it and takes nothing from it. */
